//! A client's file: read whole, and put in place whole. It is never half there, and never opened wider than it was.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The mode of a new file that holds a token, and of one that holds none (less what the umask takes).
const MODES: (u32, u32) = (0o600, 0o666);

/// The file's text, if there is a file.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a text in the file's place; a file that is there keeps its mode, and a link its end.
pub(crate) fn write(path: &Path, text: &str, holds_token: bool) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let kept = fs::metadata(&path).ok().map(|found| found.permissions());
    let draft = draft(&path);
    let _ = fs::remove_file(&draft);
    let written = fill(&draft, text, holds_token, kept).and_then(|()| fs::rename(&draft, &path));
    written.inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

/// Whether others than its owner can read the file.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

fn fill(draft: &Path, text: &str, holds_token: bool, kept: Option<Permissions>) -> io::Result<()> {
    // One that is there gets its mode before the rename, and until then is its owner's alone.
    let mode = if holds_token || kept.is_some() { MODES.0 } else { MODES.1 };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(draft)?;
    file.write_all(text.as_bytes())?;
    kept.map_or(Ok(()), |kept| file.set_permissions(kept))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_with_a_token_is_its_owners_and_an_old_one_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("made/settings.json");
        write(&path, "{}", true).expect("written");
        assert_eq!((mode(&path), is_open_to_others(&path)), (0o600, false));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("opened up");
        write(&path, "{\"a\": 1}", true).expect("written");
        assert_eq!((mode(&path), is_open_to_others(&path)), (0o644, true));
        assert_eq!(read(&path).expect("readable").as_deref(), Some("{\"a\": 1}"));
        assert_eq!(fs::read_dir(path.parent().expect("a folder")).expect("readable").count(), 1, "no draft is left");
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "{}").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        write(&link, "[]", false).expect("written");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read_to_string(&file).expect("there"), "[]");
    }

    #[test]
    fn no_file_is_no_fault() {
        assert!(read(Path::new("/nonexistent/file")).expect("no fault").is_none());
    }
}
