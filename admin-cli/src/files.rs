//! Files that are written whole or not at all: what was there stays until the new text is on the disk, and no draft is left.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner.
    Owner,
    /// Whoever could before; of a new file, whoever the umask lets.
    AsBefore,
}

/// Puts a text in a file's place. Folders on the way are made for their owner alone; a link is followed to its end.
pub(crate) fn write(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let path = if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        fs::canonicalize(path)?
    } else {
        path.to_owned()
    };
    let folder = folder_of(&path)?;
    let before = fs::metadata(&path).ok().map(|found| found.permissions().mode() & 0o777);
    let mode = match (readers, before) {
        (Readers::Owner, before) => before.unwrap_or(0o600) & 0o700,
        (Readers::AsBefore, before) => before.unwrap_or(0o666),
    };
    let mut draft = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    draft.write_all(text.as_bytes())?;
    if before.is_some() {
        draft.as_file().set_permissions(Permissions::from_mode(mode))?;
    }
    draft.as_file().sync_all()?;
    draft.persist(path).map(drop).map_err(|error| error.error)
}

/// The folder of a file, made for its owner alone where it is missing.
fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(folder)
}

/// Waits until no other process holds this file, and holds it until it is dropped.
pub(crate) fn lock(path: &Path) -> io::Result<fs::File> {
    folder_of(path)?;
    let file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.lock()?;
    Ok(file)
}

/// An empty file that was not there before, for what will be written into it; it is gone again if nothing was.
#[derive(Debug)]
pub(crate) struct Reserved<'a> {
    path: &'a Path,
    is_written: bool,
}

impl<'a> Reserved<'a> {
    /// Makes the file, for its owner alone.
    pub(crate) fn new(path: &'a Path) -> io::Result<Self> {
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { path, is_written: false })
    }

    /// Puts a secret into the file, which stays from now on.
    pub(crate) fn write(&mut self, secret: &str) -> io::Result<()> {
        write(self.path, secret, Readers::Owner)?;
        self.is_written = true;
        Ok(())
    }

    /// Where it is.
    pub(crate) const fn path(&self) -> &'a Path {
        self.path
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.is_written {
            let _ = fs::remove_file(self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_secret_is_its_owners_alone_whatever_the_file_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deep/er/file");
        write(&path, "one", Readers::Owner).expect("written");
        assert_eq!((mode(&path), fs::read_to_string(&path).expect("there").as_str()), (0o600, "one"));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("set");
        write(&path, "two", Readers::AsBefore).expect("written");
        assert_eq!(mode(&path), 0o644);
        write(&path, "three", Readers::Owner).expect("written");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("there").count(), 1, "no draft is left");
    }

    #[test]
    fn what_cannot_be_written_leaves_no_draft() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("taken");
        fs::create_dir(&path).expect("made");
        assert!(write(&path, "secret", Readers::Owner).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
    }

    #[test]
    fn links_are_followed_and_one_that_leads_nowhere_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (end, link) = (folder.path().join("end"), folder.path().join("link"));
        std::os::unix::fs::symlink(&end, &link).expect("linked");
        assert!(write(&link, "text", Readers::AsBefore).is_err());
        fs::write(&end, "before").expect("written");
        write(&link, "after", Readers::AsBefore).expect("written");
        assert_eq!(fs::read_to_string(&end).expect("there"), "after");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    }
}
