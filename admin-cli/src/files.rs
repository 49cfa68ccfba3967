//! Files that are written whole or not at all: what was there stays until the new text is on the disk.
//!
//! A draft has one name, beside its file, and is locked while it is written: one that a killed process left behind is
//! written over by the next that writes, and [swept](sweep) by the next that looks. What is to be kept from others is looked
//! at before it is believed: its owner, its mode, and that it is no link.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mcp_lambda::shell;

/// The most that is read of a file: more is no setup, no client's file and no value of a user.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The users who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileReaders {
    /// Its owner.
    Owner,
    /// Those who could before; of a new file, those whom the umask lets.
    Unchanged,
}

/// The treatment of a symbolic link in a file's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkPolicy {
    /// The way to the file, as people lay who keep their settings elsewhere.
    Follow,
    /// A fault: nobody but this program makes the file.
    Refuse,
}

/// Puts a text in a file's place. Folders on the way are made for their owner alone.
pub(crate) fn write(
    path: &Path,
    text: &str,
    readers: FileReaders,
    links: LinkPolicy,
) -> io::Result<()> {
    let path = prefix_end(path, links)?;
    folder_of(&path)?;
    let before = fs::metadata(&path)
        .ok()
        .map(|found| found.permissions().mode() & 0o777);
    let mode = match readers {
        FileReaders::Owner => Some(before.unwrap_or(0o600) & 0o700),
        FileReaders::Unchanged => before,
    };
    Draft::begin(&path, mode)?.end(&path, text)
}

/// The file itself, behind whatever links lead to it.
fn prefix_end(path: &Path, links: LinkPolicy) -> io::Result<PathBuf> {
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

/// The folder of a file, made for its owner alone where it is missing.
fn folder_of(path: &Path) -> io::Result<&Path> {
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

/// A text on its way into a file's place, locked for as long as this lives.
#[derive(Debug)]
struct Draft {
    place: PathBuf,
    file: File,
}

impl Draft {
    /// Waits for whoever else writes the same file, and begins with an empty draft of that mode, or of what the umask lets.
    fn begin(path: &Path, mode: Option<u32>) -> io::Result<Self> {
        let place = Self::place(path);
        loop {
            let mut options = no_link();
            options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(mode.unwrap_or(0o666));
            let file = options.open(&place)?;
            file.lock()?;
            // Whoever held the lock has put the draft in its place, or removed it.
            if !is_at(&file, &place) {
                continue;
            }
            let found = file.metadata()?;
            if !is_own(&found) || found.nlink() != 1 {
                return Err(io::Error::other(format!(
                    "{} is not ours; remove it",
                    place.display()
                )));
            }
            mode.map_or(Ok(()), |mode| {
                file.set_permissions(Permissions::from_mode(mode))
            })?;
            file.set_len(0)?;
            return Ok(Self { place, file });
        }
    }

    fn place(path: &Path) -> PathBuf {
        path.with_file_name(format!(
            ".{}.mcp-lambda-draft",
            path.file_name().unwrap_or_default().to_string_lossy()
        ))
    }

    /// Writes the text and puts it in place, or leaves nothing behind.
    fn end(mut self, path: &Path, text: &str) -> io::Result<()> {
        let written = self
            .file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_all());
        let put = written.and_then(|()| fs::rename(&self.place, path));
        put.inspect_err(|_| {
            let _ = fs::remove_file(&self.place);
        })
    }
}

/// Removes the draft that a killed process left beside a file, unless one is being written.
pub(crate) fn sweep(path: &Path) {
    let Ok(path) = prefix_end(path, LinkPolicy::Follow) else {
        return;
    };
    let place = Draft::place(&path);
    let left = no_link().read(true).open(&place).ok();
    let left = left.filter(|file| file.try_lock().is_ok() && is_at(file, &place));
    if left.is_some() {
        let _ = fs::remove_file(&place);
    }
}

/// Options that open no link, and wait for nobody at the other end of a pipe.
fn no_link() -> OpenOptions {
    opening(rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK)
}

fn opening(flags: rustix::fs::OFlags) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(flags.bits().cast_signed());
    options
}

/// Returns true if this open file is the one that has that path now.
fn is_at(file: &File, path: &Path) -> bool {
    let same =
        |one: &Metadata, other: &Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    file.metadata()
        .is_ok_and(|file| fs::symlink_metadata(path).is_ok_and(|there| same(&file, &there)))
}

fn is_own(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Waits until no other process holds this file, and holds it until it is dropped.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    folder_of(path)?;
    let file = no_link()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

/// The text of a file, if there is one. What is no file (a pipe, a socket, a device) is not read.
pub(crate) fn read(path: &Path, links: LinkPolicy) -> io::Result<Option<String>> {
    let found = match links {
        LinkPolicy::Follow => fs::metadata(path),
        LinkPolicy::Refuse => fs::symlink_metadata(path),
    };
    match found {
        Ok(found) if found.is_file() => text_of(path, links).map(|(text, _)| Some(text)),
        Ok(found) if found.is_symlink() => {
            Err(io::Error::other("it is a link, and links are not followed"))
        }
        Ok(_) => Err(io::Error::other("it is not a file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same of a file that its owner alone may read and change, in a folder that nobody else may change.
pub(crate) fn read_own(path: &Path) -> io::Result<Option<String>> {
    sweep(path);
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    check_folder(path)?;
    if read(path, LinkPolicy::Refuse)?.is_none() {
        return Ok(None);
    }
    let (text, found) = text_of(path, LinkPolicy::Refuse)?;
    let line = shell::line(["chmod", "600", &path.to_string_lossy()]);
    fault_of(&found, 0o077, "can be read or changed", &line)
        .map_or(Ok(Some(text)), |fault| Err(io::Error::other(fault)))
}

/// Refuses the folder of a file if somebody else may put files into it.
pub(crate) fn check_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let found = fs::metadata(folder)?;
    let line = shell::line(["chmod", "go-w", &folder.to_string_lossy()]);
    let fault = fault_of(&found, 0o022, "can be changed", &line);
    fault.map_or(Ok(()), |fault| {
        Err(io::Error::other(format!("its folder {fault}")))
    })
}

/// Describes why a file or folder is not its owner's alone, and the command that mends it.
fn fault_of(found: &Metadata, forbidden: u32, what: &str, line: &str) -> Option<String> {
    if !is_own(found) {
        return Some("belongs to another user of this machine; move it away".to_owned());
    }
    (found.mode() & forbidden != 0).then(|| format!("{what} by others; run `{line}`"))
}

fn text_of(path: &Path, links: LinkPolicy) -> io::Result<(String, Metadata)> {
    let follows = links == LinkPolicy::Follow;
    let mut options = if follows {
        opening(rustix::fs::OFlags::NONBLOCK)
    } else {
        no_link()
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

/// An empty file that was not there before, for a secret that is still to be made; it is gone again if none was written.
#[derive(Debug)]
pub(crate) struct ReservedFile {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl ReservedFile {
    /// Makes the file, for its owner alone.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
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

    /// Makes a file of a name of its own in a folder that is made for its owner alone, or is nobody else's.
    pub(crate) fn within(folder: &Path, ending: &str) -> io::Result<Self> {
        let inside = folder.join(ending);
        folder_of(&inside)?;
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

    /// Puts the secret into the file, which stays from now on.
    pub(crate) fn keep(mut self, secret: &str) -> io::Result<PathBuf> {
        self.file.rewind()?;
        self.file.write_all(secret.as_bytes())?;
        self.file.sync_all()?;
        self.is_written = true;
        Ok(self.path.clone())
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
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
        let draft = Draft::place(&path);
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
        assert_eq!(read_own(&path).expect("readable").as_deref(), Some("text"));
        assert!(!draft.exists());
        let in_work = Draft::begin(&path, Some(0o600)).expect("begun");
        sweep(&path);
        assert!(draft.exists());
        drop(in_work);
        sweep(&path);
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
            lay(&victim, &Draft::place(&path)).expect("laid");
            assert!(write(&path, "secret", FileReaders::Owner, LinkPolicy::Refuse).is_err());
            fs::remove_file(Draft::place(&path)).expect("there");
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
                && read_own(&link).is_err()
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
        assert_eq!(read_own(&path).expect("nothing there"), None);
        write(&path, "{}", FileReaders::Owner, LinkPolicy::Refuse).expect("written");
        for (open, place, line) in [
            (0o640, path.as_path(), "chmod 600 "),
            (0o602, &path, "chmod 600 "),
        ] {
            open_up(place, open);
            let fault = read_own(&path).expect_err("open").to_string();
            assert!(
                fault.contains(line) && fault.contains("it's here/setup.json\"`"),
                "{fault}"
            );
        }
        open_up(&path, 0o600);
        open_up(path.parent().expect("a folder"), 0o777);
        assert!(
            read_own(&path)
                .expect_err("open")
                .to_string()
                .contains("chmod go-w ")
        );
        assert!(ReservedFile::within(path.parent().expect("a folder"), ".token").is_err());
        open_up(path.parent().expect("a folder"), 0o755);
        assert_eq!(read_own(&path).expect("closed").as_deref(), Some("{}"));
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
        assert!(Draft::begin(&folder.path().join("x"), None).is_ok());
    }

    #[test]
    fn a_reserved_file_is_gone_unless_a_secret_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let tokens = folder.path().join("tokens");
        drop(ReservedFile::within(&tokens, ".token").expect("made"));
        assert_eq!(count(&tokens), 0);
        let path = ReservedFile::within(&tokens, ".token")
            .expect("made")
            .keep("secret")
            .expect("kept");
        assert_eq!(
            (
                mode(&path),
                fs::read_to_string(&path).expect("there").as_str()
            ),
            (0o600, "secret")
        );
        assert!(
            ReservedFile::new(&path).is_err(),
            "a file that is there stays"
        );
    }
}
