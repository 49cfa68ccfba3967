//! Files that are their owner's alone: made so, and refused where they are found otherwise.
//!
//! A file that is made or written here must never be reached through a link that somebody else may have put there.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::shell;

/// File systems of other machines, by what `statfs(2)` calls them: NFS, SMB and its two successors, Ceph.
#[cfg(target_os = "linux")]
const OF_OTHER_MACHINES: [u64; 5] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x00c3_6400];

/// Makes a folder (0700) if there is none; one that is there must be ours, or the system's, and nobody else may write to it.
///
/// # Errors
/// `Unavailable` if it can't be made, `Invalid` if others may change what is in it. The message names it.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    let shown = folder.display();
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Error::unavailable(format!(
            "the data folder {shown} can't be made; set APP_USERS_PATH to a folder that can be written"
        ))
        .with_source(error)
    })?;
    let found = fs::metadata(folder).map_err(|error| unreadable(folder, error))?;
    if !is_ours(&found) && found.uid() != 0 {
        return Err(Error::invalid(format!(
            "the data folder {shown} belongs to another user of this machine; set APP_USERS_PATH to a folder of your own"
        )));
    }
    if found.mode() & 0o022 != 0 {
        return Err(Error::invalid(format!(
            "others may write to the data folder {shown}; run `{}`, or set APP_USERS_PATH to a folder of your own",
            mending("go-w", folder)
        )));
    }
    Ok(())
}

/// Refuses a file that is another user's, a link, or open to others; says whether there is one.
///
/// # Errors
/// `Invalid` with what mends it, `Unavailable` if it can't be looked at. The message names it.
pub(crate) fn check(path: &Path) -> Result<bool> {
    let shown = path.display();
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found.map_err(|error| unreadable(path, error))?,
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
        let command = mending("600", path);
        return Err(Error::invalid(format!(
            "{shown} can be read or written by others; run `{command}`"
        )));
    }
    Ok(true)
}

/// Makes an empty file (0600) if there is none.
///
/// # Errors
/// Those of the system; what stands there as a link is not followed.
pub(crate) fn make(path: &Path) -> io::Result<()> {
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

/// Makes a file with this text (0600) whole: nobody reads half of it. Says whether it did, or another one was there.
///
/// # Errors
/// Those of the system.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<bool> {
    match drafted(path, text, |draft| fs::hard_link(draft, path)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true),
    }
}

/// The same path through a folder without links, and whether that folder is on another machine's disk.
///
/// # Errors
/// Those of the system.
pub(crate) fn resolve(path: &Path) -> io::Result<(PathBuf, bool)> {
    let (folder, name) = (
        path.parent().unwrap_or(Path::new("/")),
        path.file_name().unwrap_or_default(),
    );
    let folder = folder.canonicalize()?;
    Ok((folder.join(name), is_of_another_machine(&folder)?))
}

#[cfg(target_os = "linux")]
fn is_of_another_machine(folder: &Path) -> io::Result<bool> {
    let kind = rustix::fs::statfs(folder)?.f_type;
    // Of 32 bits on some machines, and then with a sign.
    Ok(OF_OTHER_MACHINES
        .iter()
        .any(|other| other & 0xffff_ffff == kind.cast_unsigned() & 0xffff_ffff))
}

#[cfg(not(target_os = "linux"))]
fn is_of_another_machine(_folder: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Writes a draft beside the path, puts it in place, and leaves none behind.
fn drafted(path: &Path, text: &str, put: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let draft = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file: File| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        })
        .and_then(|()| put(&draft));
    let _ = fs::remove_file(&draft);
    written
}

/// The command that gives a file or a folder this mode, for a shell.
fn mending(mode: &str, path: &Path) -> String {
    shell::line(["chmod", mode, &path.to_string_lossy()])
}

fn is_ours(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

fn unreadable(path: &Path, error: io::Error) -> Error {
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
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
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
        let (nowhere, link) = (folder.path().join("nowhere"), folder.path().join("link"));
        symlink(&nowhere, &link).expect("linked");
        make(&link).expect("something is there");
        assert!(!nowhere.exists());
        assert!(check(&link).is_err());
    }

    #[test]
    fn the_disk_of_the_tests_is_this_machines() {
        let folder = tempfile::tempdir().expect("a folder");
        let (resolved, is_elsewhere) = resolve(&folder.path().join("x")).expect("there");
        assert!(resolved.ends_with("x") && !is_elsewhere);
    }
}
