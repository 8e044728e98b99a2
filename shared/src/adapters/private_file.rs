//! Files that only their owner may read, and that appear whole or not at all.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};

/// Makes the folder that the file is to stand in, for its owner only, if it is missing.
pub(super) fn make_folder_of(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder_of(path))
}

/// Opens a file, which must be there, to read and write.
pub(super) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Whether somebody other than the owner has any right to the file. Where files have no modes: never.
pub(super) fn is_open_to_others(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    return Ok(file.metadata()?.permissions().mode() & 0o077 != 0);
    #[cfg(not(unix))]
    return file.metadata().map(|_| false);
}

/// Takes every right from everybody but the owner.
pub(super) fn close_to_others(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    if is_open_to_others(file)? {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    file.metadata()?;
    Ok(())
}

/// A new file under a name of its own, next to the one that it shall become. Whatever happens before
/// [`Draft::publish`] or [`Draft::replace`], the real name is untouched; a draft that is dropped is removed.
#[derive(Debug)]
pub(super) struct Draft {
    draft: PathBuf,
    target: PathBuf,
}

impl Draft {
    /// Starts a draft of that file. The file handle reads and writes it.
    pub(super) fn of(target: &Path) -> io::Result<(Self, File)> {
        let draft = Self { draft: draft_name(target), target: target.to_owned() };
        // A process that crashed may have left one under the same process id.
        remove_if_there(&draft.draft)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(&draft.draft)?;
        Ok((draft, file))
    }

    /// Gives the draft, which must be synced, the real name if that is free; otherwise fails with
    /// [`io::ErrorKind::AlreadyExists`].
    pub(super) fn publish(self) -> io::Result<()> {
        // A link, unlike a rename, never replaces.
        fs::hard_link(&self.draft, &self.target)?;
        remove_if_there(&self.draft)?;
        sync_folder_of(&self.target)
    }

    /// Gives the draft, which must be synced, the real name, in place of the file that has it now.
    pub(super) fn replace(self) -> io::Result<()> {
        fs::rename(&self.draft, &self.target)?;
        sync_folder_of(&self.target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and a left-over draft harms nobody: no one ever reads it.
        let _ = remove_if_there(&self.draft);
    }
}

fn draft_name(target: &Path) -> PathBuf {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.draft", process::id(), DRAFTS.fetch_add(1, Ordering::Relaxed)));
    target.with_file_name(name)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Makes a new name durable, where a folder can be synced.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tempfile::{TempDir, tempdir};

    use super::*;

    fn draft(target: &Path, text: &str) -> Draft {
        let (draft, mut file) = Draft::of(target).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        draft
    }

    fn names(folder: &TempDir) -> Vec<OsString> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn a_published_draft_never_replaces() {
        let folder = tempdir().unwrap();
        let target = folder.path().join("file");
        let (first, second) = (draft(&target, "first"), draft(&target, "second"));
        assert!(!target.exists());
        first.publish().unwrap();
        assert_eq!(second.publish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&target).unwrap(), "first");
        assert_eq!(names(&folder), ["file"], "a draft was left behind");
    }

    #[test]
    fn a_draft_can_replace() {
        let folder = tempdir().unwrap();
        let target = folder.path().join("file");
        draft(&target, "first").publish().unwrap();
        draft(&target, "second").replace().unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "second");
        assert_eq!(names(&folder), ["file"], "a draft was left behind");
    }

    #[test]
    fn a_dropped_draft_is_removed() {
        let folder = tempdir().unwrap();
        drop(draft(&folder.path().join("file"), "first"));
        assert!(names(&folder).is_empty());
    }

    #[test]
    fn a_bare_name_stands_in_the_current_folder() {
        assert_eq!(folder_of(Path::new("file")), Path::new("."));
        assert_eq!(folder_of(Path::new("folder/file")), Path::new("folder"));
    }

    #[cfg(unix)]
    #[test]
    fn drafts_are_for_their_owner_only() {
        let folder = tempdir().unwrap();
        let (_draft, file) = Draft::of(&folder.path().join("file")).unwrap();
        assert!(!is_open_to_others(&file).unwrap());
        file.set_permissions(fs::Permissions::from_mode(0o604)).unwrap();
        assert!(is_open_to_others(&file).unwrap());
        close_to_others(&file).unwrap();
        assert!(!is_open_to_others(&file).unwrap());
    }
}
