//! Files that belong to their owner alone: created with that mode, and refused where they are found
//! with another.
//!
//! A file that is created or written here must never be reached through a symbolic link that
//! somebody else may have put there.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::shell;

/// The network file systems by their `f_type` in `statfs(2)`: NFS, SMB and its two successors,
/// Ceph. [`SqliteStore`](crate::store::SqliteStore) can't run on them (SQLite, "Write-Ahead Logging",
/// <https://www.sqlite.org/wal.html>).
#[cfg(target_os = "linux")]
const NETWORK_FILE_SYSTEMS: [u64; 5] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x00c3_6400];

/// Creates a folder (mode 0700) if there is none. An existing one must belong to this user or to
/// root, and nobody else may write to it.
///
/// # Errors
/// `Unavailable` if it can't be created, `Invalid` if others may change its content. The message
/// names it.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    let shown = folder.display();
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Error::unavailable(format!(
            "the data folder {shown} can't be made; set APP_USERS_PATH to a folder that can be written"
        ))
        .with_source(error)
    })?;
    let found = fs::metadata(folder).map_err(|error| describe_unreadable(folder, error))?;
    if !is_ours(&found) && found.uid() != 0 {
        return Err(Error::invalid(format!(
            "the data folder {shown} belongs to another user of this machine; set APP_USERS_PATH to a folder of your own"
        )));
    }
    // The sticky bit does not help: it keeps others from removing our files, and lets them create
    // the files that we are about to create.
    if found.mode() & 0o022 != 0 {
        return Err(Error::invalid(format!(
            "others may write to the data folder {shown}; run `{}`, or set APP_USERS_PATH to a folder of your own",
            chmod_command("go-w", folder)
        )));
    }
    Ok(())
}

/// Checks that a file belongs to this user, is no link and is closed to others. Returns false if
/// there is no file.
///
/// # Errors
/// `Invalid` with the command that repairs it, `Unavailable` if it can't be examined. The message
/// names it.
pub(crate) fn check(path: &Path) -> Result<bool> {
    let shown = path.display();
    // Of the link itself, not of its target: a link to a file of ours would pass all checks below.
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found.map_err(|error| describe_unreadable(path, error))?,
    };
    if !found.is_file() {
        return Err(Error::invalid(format!(
            "{shown} is a link, or no file; move it away"
        )));
    }
    if !is_ours(&found) {
        return Err(Error::invalid(format!(
            "{shown} belongs to another user of this machine; move it away"
        )));
    }
    if found.mode() & 0o077 != 0 {
        let command = chmod_command("600", path);
        return Err(Error::invalid(format!(
            "{shown} can be read or written by others; run `{command}`"
        )));
    }
    Ok(true)
}

/// Creates an empty file (mode 0600) if there is none.
///
/// # Errors
/// Those of the system. A link under this path is not followed.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    // `O_CREAT` with `O_EXCL` fails on any link, also on one to nothing (open(2)).
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Creates a file with this text (mode 0600) in one step: no reader sees half of it. Returns false
/// if there is one already, which stays as it is.
///
/// # Errors
/// Those of the system.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<bool> {
    // A hard link fails where there is a file, and a rename would replace it: of two processes that
    // generate a signing key at the same time, both must go on with the first one's.
    match place_draft(path, text, |draft| fs::hard_link(draft, path)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        created => created.map(|()| true),
    }
}

/// Resolves the links in a path's folder. Returns the path, and true if the folder lies on a
/// network file system.
///
/// # Errors
/// Those of the system.
pub(crate) fn resolve(path: &Path) -> io::Result<(PathBuf, bool)> {
    let folder = path.parent().unwrap_or(Path::new("/")).canonicalize()?;
    let name = path.file_name().unwrap_or_default();
    Ok((folder.join(name), is_on_network(&folder)?))
}

/// Returns true if a folder lies on one of the [`NETWORK_FILE_SYSTEMS`].
#[cfg(target_os = "linux")]
fn is_on_network(folder: &Path) -> io::Result<bool> {
    Ok(is_network(
        rustix::fs::statfs(folder)?.f_type.cast_unsigned(),
    ))
}

/// Returns true for the `f_type` of one of the [`NETWORK_FILE_SYSTEMS`].
#[cfg(target_os = "linux")]
fn is_network(kind: u64) -> bool {
    // `f_type` has 32 bits on some machines, and a sign: an SMB number would be negative there, and
    // be extended by ones.
    NETWORK_FILE_SYSTEMS
        .iter()
        .any(|other| other & 0xffff_ffff == kind & 0xffff_ffff)
}

#[cfg(not(target_os = "linux"))]
fn is_on_network(_folder: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Writes a draft beside the path, hands it to `place`, and removes it, also after an error.
fn place_draft(
    path: &Path,
    text: &str,
    place: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let draft = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
    // The text is on the disk before the file has its name: after a crash there is either no file
    // or a whole one.
    let placed = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file: File| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .and_then(|()| place(&draft));
    let _ = fs::remove_file(&draft);
    placed
}

/// Returns the command that gives a file or a folder this mode, quoted by
/// [`line`](crate::shell::line).
fn chmod_command(mode: &str, path: &Path) -> String {
    shell::line(["chmod", mode, &path.to_string_lossy()])
}

/// Returns true for a file of the process's effective user.
fn is_ours(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Returns the [`Error`] for a path that can't be examined.
fn describe_unreadable(path: &Path, error: io::Error) -> Error {
    Error::unavailable(format!("{} can't be looked at", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    fn open_up(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused_with_what_mends_it() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("a/b");
        make_folder(&folder).expect("made");
        assert_eq!(mode(&folder), 0o700);
        for open in [0o777, 0o1777, 0o770, 0o702] {
            open_up(&folder, open);
            let error = make_folder(&folder).expect_err("too open");
            assert!(
                error
                    .message()
                    .contains(&format!("`chmod go-w {}`", folder.display())),
                "{error}"
            );
        }
        open_up(&folder, 0o755);
        make_folder(&folder)
            .expect("others may look at what is there; each file is closed to them");
    }

    #[test]
    fn a_file_that_others_may_open_is_refused_with_what_mends_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kept");
        assert!(!check(&path).expect("nothing there"));
        make(&path).expect("made");
        assert!(check(&path).expect("ours alone"));
        for open in [0o640, 0o604, 0o620, 0o666] {
            open_up(&path, open);
            let error = check(&path).expect_err("too open");
            assert!(
                error
                    .message()
                    .contains(&format!("`chmod 600 {}`", path.display())),
                "{error}"
            );
        }
    }

    #[test]
    fn links_are_refused_and_never_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("target");
        let link = folder.path().join("link");
        fs::write(&target, "theirs").expect("written");
        symlink(&target, &link).expect("linked");
        assert!(
            check(&link)
                .expect_err("a link")
                .message()
                .contains("is a link")
        );
        assert!(!create(&link, "ours").expect("something is there"));
        assert_eq!(fs::read_to_string(&target).expect("there"), "theirs");
        assert_eq!(
            fs::read_dir(folder.path()).expect("there").count(),
            2,
            "no draft is left over"
        );
    }

    #[test]
    fn a_link_to_nowhere_makes_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let nowhere = folder.path().join("nowhere");
        let link = folder.path().join("link");
        symlink(&nowhere, &link).expect("linked");
        make(&link).expect("something is there");
        assert!(!nowhere.exists());
        assert!(check(&link).is_err());
    }

    /// The numbers of `statfs(2)`; nothing can be mounted in a test.
    #[cfg(target_os = "linux")]
    #[test]
    fn disks_of_other_machines_are_told_from_those_of_this_one() {
        for (name, kind) in [
            ("NFS, and so Amazon EFS", 0x6969),
            ("SMB", 0x517b),
            ("CIFS", 0xff53_4d42),
            ("SMB 2", 0xfe53_4d42),
            ("SMB 2, extended by its sign", 0xffff_ffff_fe53_4d42),
            ("Ceph", 0x00c3_6400),
        ] {
            assert!(is_network(kind), "{name}");
        }
        for (name, kind) in [
            ("ext4", 0xef53),
            ("XFS", 0x5846_5342),
            ("Btrfs", 0x9123_683e),
            ("tmpfs", 0x0102_1994),
            ("overlayfs", 0x794c_7630),
        ] {
            assert!(!is_network(kind), "{name}");
        }
    }

    #[test]
    fn the_disk_of_the_tests_is_this_machines() {
        let folder = tempfile::tempdir().expect("a folder");
        let (resolved, is_elsewhere) = resolve(&folder.path().join("x")).expect("there");
        assert!(resolved.ends_with("x") && !is_elsewhere);
    }
}
