//! Reading and writing of private and of shared files, each written whole or not at all.
//!
//! [`write()`] writes a draft beside the file and renames it into place, so a crash leaves the old file or the new one. The draft
//! has one fixed name and is locked while it is written. One that a killed process left behind is overwritten by the next
//! writer, and removed by the next reader ([`remove_stale_draft`]). [`read_private`] checks owner, mode and folder before it
//! trusts a file that holds secrets.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mcp_lambda::{Error, shell};

/// The most bytes that are read of a file. A larger one is no setup, no client's file and no value of a user.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The users who may read a file that [`write()`] writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileReaders {
    /// Its owner alone.
    Owner,
    /// Those who could before; for a new file, those whom the umask allows.
    Unchanged,
}

/// The treatment of a symbolic link at a file's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkPolicy {
    /// It is followed: people who keep their settings elsewhere put links to them.
    Follow,
    /// It is an error: this program made the file, and makes no links.
    Refuse,
}

/// Writes a file whole or not at all. Missing folders are created for their owner alone.
///
/// # Errors
/// If a link is refused, or the system refuses a step; the file is unchanged then.
pub(crate) fn write(
    path: &Path,
    text: &str,
    readers: FileReaders,
    links: LinkPolicy,
) -> io::Result<()> {
    let path = resolve_links(path, links)?;
    create_parent(&path)?;
    let before = fs::metadata(&path)
        .ok()
        .map(|found| found.permissions().mode() & 0o777);
    let mode = match readers {
        FileReaders::Owner => Some(before.unwrap_or(0o600) & 0o700),
        FileReaders::Unchanged => before,
    };
    Draft::open(&path, mode)?.commit(&path, text)
}

/// Returns the path of the file itself, behind the links that lead to it.
fn resolve_links(path: &Path, links: LinkPolicy) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_symlink() => Ok(path.to_owned()),
        Ok(_) if links == LinkPolicy::Follow => fs::canonicalize(path),
        Ok(_) => Err(io::Error::other(
            "it is a link, and links are not followed here",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(error),
    }
}

/// Creates the folder of a file, for its owner alone, if it is missing.
fn create_parent(path: &Path) -> io::Result<&Path> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    Ok(folder)
}

/// The new text of a file, beside it; locked for as long as this lives.
#[derive(Debug)]
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    /// Waits until no other process writes the same file, and opens an empty draft with this mode, or that of the umask.
    fn open(path: &Path, mode: Option<u32>) -> io::Result<Self> {
        let path = Self::path_beside(path);
        loop {
            let mut options = no_follow_options();
            options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(mode.unwrap_or(0o666));
            let file = options.open(&path)?;
            file.lock()?;
            // Who held the lock before has renamed or removed this draft: its path is another file now, or none.
            if !is_at(&file, &path) {
                continue;
            }
            let found = file.metadata()?;
            if !is_owned_by_user(&found) || found.nlink() != 1 {
                return Err(io::Error::other(format!(
                    "{} is not ours; remove it",
                    path.display()
                )));
            }
            mode.map_or(Ok(()), |mode| {
                file.set_permissions(Permissions::from_mode(mode))
            })?;
            file.set_len(0)?;
            return Ok(Self { path, file });
        }
    }

    /// Returns the path of the draft of a file.
    fn path_beside(path: &Path) -> PathBuf {
        path.with_file_name(format!(
            ".{}.mcp-lambda-draft",
            path.file_name().unwrap_or_default().to_string_lossy()
        ))
    }

    /// Writes the text and renames the draft to `path`; on an error it is removed.
    fn commit(mut self, path: &Path, text: &str) -> io::Result<()> {
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_all());
        let renamed = written.and_then(|()| fs::rename(&self.path, path));
        renamed.inspect_err(|_| {
            let _ = fs::remove_file(&self.path);
        })
    }
}

/// Removes the draft that a killed process left beside a file, unless one is being written.
pub(crate) fn remove_stale_draft(path: &Path) {
    let Ok(path) = resolve_links(path, LinkPolicy::Follow) else {
        return;
    };
    let draft = Draft::path_beside(&path);
    let stale = no_follow_options().read(true).open(&draft).ok();
    // A draft that is being written is locked.
    let stale = stale.filter(|file| file.try_lock().is_ok() && is_at(file, &draft));
    if stale.is_some() {
        let _ = fs::remove_file(&draft);
    }
}

/// Returns options that refuse a link (`O_NOFOLLOW`), and do not wait for the other end of a pipe (`O_NONBLOCK`).
fn no_follow_options() -> OpenOptions {
    open_options(rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK)
}

fn open_options(flags: rustix::fs::OFlags) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(flags.bits().cast_signed());
    options
}

/// Returns true if the open file is the one at this path now: device and inode are the same.
fn is_at(file: &File, path: &Path) -> bool {
    let same =
        |one: &Metadata, other: &Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    file.metadata()
        .is_ok_and(|file| fs::symlink_metadata(path).is_ok_and(|there| same(&file, &there)))
}

fn is_owned_by_user(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Creates a lock file if it is missing, waits until no other process holds it, and holds it until it is dropped.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    create_parent(path)?;
    let file = no_follow_options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

/// Reads a file of at most [`MAX_BYTES`]; `None` if there is none.
///
/// # Errors
/// If it is a link that is refused, no regular file (a pipe, a socket, a device), too large, or can't be read as UTF-8.
pub(crate) fn read(path: &Path, links: LinkPolicy) -> io::Result<Option<String>> {
    let found = match links {
        LinkPolicy::Follow => fs::metadata(path),
        LinkPolicy::Refuse => fs::symlink_metadata(path),
    };
    match found {
        Ok(found) if found.is_file() => read_regular_file(path, links).map(|(text, _)| Some(text)),
        Ok(found) if found.is_symlink() => {
            Err(io::Error::other("it is a link, and links are not followed"))
        }
        Ok(_) => Err(io::Error::other("it is not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a file as [`read`] does, and checks that its owner alone may read and change it, and nobody else its folder.
///
/// # Errors
/// Those of [`read`], and a message with the `chmod` command that mends the mode.
pub(crate) fn read_private(path: &Path) -> io::Result<Option<String>> {
    remove_stale_draft(path);
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    check_folder(path)?;
    if read(path, LinkPolicy::Refuse)?.is_none() {
        return Ok(None);
    }
    let (text, found) = read_regular_file(path, LinkPolicy::Refuse)?;
    let line = shell::line(["chmod", "600", &path.to_string_lossy()]);
    describe_problem(&found, 0o077, "can be read or changed", &line)
        .map_or(Ok(Some(text)), |problem| Err(io::Error::other(problem)))
}

/// Checks that nobody but its owner may put files into the folder of a file.
///
/// # Errors
/// A message with the `chmod` command that mends the mode.
pub(crate) fn check_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let found = fs::metadata(folder)?;
    let line = shell::line(["chmod", "go-w", &folder.to_string_lossy()]);
    let problem = describe_problem(&found, 0o022, "can be changed", &line);
    problem.map_or(Ok(()), |problem| {
        Err(io::Error::other(format!("its folder {problem}")))
    })
}

/// Describes the owner or the `forbidden` mode bits that make a file or folder unsafe, with the command that mends it.
fn describe_problem(found: &Metadata, forbidden: u32, what: &str, line: &str) -> Option<String> {
    if !is_owned_by_user(found) {
        return Some("belongs to another user of this machine; move it away".to_owned());
    }
    (found.mode() & forbidden != 0).then(|| format!("{what} by others; run `{line}`"))
}

fn read_regular_file(path: &Path, links: LinkPolicy) -> io::Result<(String, Metadata)> {
    let follows = links == LinkPolicy::Follow;
    let mut options = if follows {
        open_options(rustix::fs::OFlags::NONBLOCK)
    } else {
        no_follow_options()
    };
    let file = options.read(true).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!(
            "it has more than {MAX_BYTES} bytes"
        )));
    }
    Ok((text, found))
}

/// A new, empty file for a secret that does not exist yet. It is removed when this is dropped, unless a secret was stored.
///
/// Reserving the file first means that a token is never created that can then not be stored.
#[derive(Debug)]
pub(crate) struct ReservedFile {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl ReservedFile {
    /// Creates the file, for its owner alone.
    ///
    /// # Errors
    /// If the file exists already, or can't be created.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            is_written: false,
        })
    }

    /// Creates a file with a random name in a folder, which is created for its owner alone if it is missing.
    ///
    /// # Errors
    /// If the folder is a link or open to others, or the file can't be created.
    pub(crate) fn create_in(folder: &Path, ending: &str) -> io::Result<Self> {
        let inside = folder.join(ending);
        create_parent(&inside)?;
        if fs::symlink_metadata(folder)?.is_symlink() {
            return Err(io::Error::other(
                "it is a link, and links are not followed here",
            ));
        }
        check_folder(&inside)?;
        let made = tempfile::Builder::new()
            .prefix("")
            .suffix(ending)
            .rand_bytes(16)
            .tempfile_in(folder)?;
        let (file, path) = made.keep().map_err(|error| error.error)?;
        Ok(Self {
            path,
            file,
            is_written: false,
        })
    }

    /// Writes the secret into the file, which is not removed any more, and returns the path.
    ///
    /// # Errors
    /// If the system refuses to write.
    pub(crate) fn store(mut self, secret: &str) -> io::Result<PathBuf> {
        self.file.rewind()?;
        self.file.write_all(secret.as_bytes())?;
        self.file.sync_all()?;
        self.is_written = true;
        Ok(self.path.clone())
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Converts an I/O error of writing `path` into an [`Error`] that names it.
pub(crate) fn write_error(path: &Path) -> impl Fn(io::Error) -> Error {
    move |error| Error::unavailable(format!("{} can't be written: {error}", path.display()))
}

impl Drop for ReservedFile {
    fn drop(&mut self) {
        if !self.is_written {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    fn open_up(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
    }

    fn count(folder: &Path) -> usize {
        fs::read_dir(folder).expect("there").count()
    }

    #[test]
    fn a_secret_is_its_owners_alone_whatever_the_file_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/file");
        write(&path, "one", FileReaders::Owner, LinkPolicy::Refuse).expect("written");
        assert_eq!(
            (
                mode(&path),
                fs::read_to_string(&path).expect("there").as_str()
            ),
            (0o600, "one")
        );
        open_up(&path, 0o644);
        write(&path, "two", FileReaders::Unchanged, LinkPolicy::Refuse).expect("written");
        assert_eq!(mode(&path), 0o644);
        write(&path, "three", FileReaders::Owner, LinkPolicy::Refuse).expect("written");
        assert_eq!(mode(&path), 0o600);
        let open = path.with_file_name("open");
        write(&open, "text", FileReaders::Unchanged, LinkPolicy::Refuse).expect("written");
        fs::write(path.with_file_name("plain"), "").expect("written");
        assert_eq!(
            mode(&open),
            mode(&path.with_file_name("plain")),
            "as the umask lets"
        );
        assert_eq!(
            count(path.parent().expect("a folder")),
            3,
            "no draft is left"
        );
    }

    #[test]
    fn what_cannot_be_written_leaves_no_draft() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("taken");
        fs::create_dir(&path).expect("made");
        assert!(write(&path, "secret", FileReaders::Owner, LinkPolicy::Follow).is_err());
        assert_eq!(count(folder.path()), 1);
    }

    #[test]
    fn a_draft_that_was_left_is_swept_or_written_over_and_one_in_work_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("setup.json");
        let draft = Draft::path_beside(&path);
        fs::write(&draft, "a longer draft with a key").expect("written");
        write(&path, "text", FileReaders::Owner, LinkPolicy::Refuse).expect("written");
        assert_eq!(
            (
                fs::read_to_string(&path).expect("there").as_str(),
                count(folder.path())
            ),
            ("text", 1)
        );
        fs::write(&draft, "key").expect("written");
        assert_eq!(
            read_private(&path).expect("readable").as_deref(),
            Some("text")
        );
        assert!(!draft.exists());
        let in_work = Draft::open(&path, Some(0o600)).expect("begun");
        remove_stale_draft(&path);
        assert!(draft.exists());
        drop(in_work);
        remove_stale_draft(&path);
        assert!(!draft.exists());
    }

    #[test]
    fn a_draft_is_not_written_through_what_others_laid_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, victim) = (folder.path().join("file"), folder.path().join("victim"));
        fs::write(&victim, "precious").expect("written");
        for lay in [
            |from: &Path, to: &Path| symlink(from, to),
            |from: &Path, to: &Path| fs::hard_link(from, to),
        ] {
            lay(&victim, &Draft::path_beside(&path)).expect("laid");
            assert!(write(&path, "secret", FileReaders::Owner, LinkPolicy::Refuse).is_err());
            fs::remove_file(Draft::path_beside(&path)).expect("there");
        }
        assert_eq!(fs::read_to_string(&victim).expect("there"), "precious");
    }

    #[test]
    fn links_are_followed_where_people_lay_them_and_one_that_leads_nowhere_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (end, link) = (folder.path().join("end"), folder.path().join("link"));
        symlink(&end, &link).expect("linked");
        assert!(write(&link, "text", FileReaders::Unchanged, LinkPolicy::Follow).is_err());
        fs::write(&end, "before").expect("written");
        write(&link, "after", FileReaders::Unchanged, LinkPolicy::Follow).expect("written");
        assert_eq!(fs::read_to_string(&end).expect("there"), "after");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert!(write(&link, "secret", FileReaders::Owner, LinkPolicy::Refuse).is_err());
        assert!(
            read(&link, LinkPolicy::Refuse).is_err()
                && read_private(&link).is_err()
                && lock(&link).is_err()
        );
        assert_eq!(
            read(&link, LinkPolicy::Follow)
                .expect("readable")
                .as_deref(),
            Some("after")
        );
    }

    #[test]
    fn what_others_may_read_or_change_is_refused_with_what_mends_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("it's here/setup.json");
        assert_eq!(read_private(&path).expect("nothing there"), None);
        write(&path, "{}", FileReaders::Owner, LinkPolicy::Refuse).expect("written");
        for (open, place, line) in [
            (0o640, path.as_path(), "chmod 600 "),
            (0o602, &path, "chmod 600 "),
        ] {
            open_up(place, open);
            let problem = read_private(&path).expect_err("open").to_string();
            assert!(
                problem.contains(line) && problem.contains("it's here/setup.json\"`"),
                "{problem}"
            );
        }
        open_up(&path, 0o600);
        open_up(path.parent().expect("a folder"), 0o777);
        assert!(
            read_private(&path)
                .expect_err("open")
                .to_string()
                .contains("chmod go-w ")
        );
        assert!(ReservedFile::create_in(path.parent().expect("a folder"), ".token").is_err());
        open_up(path.parent().expect("a folder"), 0o755);
        assert_eq!(read_private(&path).expect("closed").as_deref(), Some("{}"));
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .expect("it runs")
                .success()
        );
        for path in [
            &pipe,
            &folder.path().to_owned(),
            &PathBuf::from("/dev/zero"),
        ] {
            assert!(
                read(path, LinkPolicy::Follow)
                    .expect_err("no file")
                    .to_string()
                    .contains("not a file"),
                "{path:?}"
            );
        }
        assert!(Draft::open(&folder.path().join("x"), None).is_ok());
    }

    #[test]
    fn a_reserved_file_is_gone_unless_a_secret_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let tokens = folder.path().join("tokens");
        drop(ReservedFile::create_in(&tokens, ".token").expect("made"));
        assert_eq!(count(&tokens), 0);
        let path = ReservedFile::create_in(&tokens, ".token")
            .expect("made")
            .store("secret")
            .expect("kept");
        assert_eq!(
            (
                mode(&path),
                fs::read_to_string(&path).expect("there").as_str()
            ),
            (0o600, "secret")
        );
        assert!(
            ReservedFile::create(&path).is_err(),
            "a file that is there stays"
        );
    }
}
