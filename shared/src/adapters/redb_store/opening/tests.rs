//! What an operator is told, and what the file looks like to others.

use std::fs;

use tempfile::{TempDir, tempdir};

use super::*;
use crate::{
    adapters::redb_store::RedbStore,
    ports::documents::{Document, Documents, Key, Write},
};

fn folder() -> TempDir {
    tempdir().unwrap()
}

/// The one line that an operator sees, which must name the file.
fn told(error: &OpenError, path: &Path) -> String {
    let line = error.to_string();
    assert!(line.contains(path.to_str().unwrap()) && !line.contains('\n'), "{line}");
    line
}

#[tokio::test]
async fn keeps_documents_over_a_restart() {
    let folder = folder();
    let path = folder.path().join("missing/too/hub.redb");
    let document = Document::of(&std::collections::BTreeMap::from([("number", 1)])).unwrap();
    let key = Key::new(Collection::Sessions, "a");
    let store = RedbStore::open(&path).unwrap();
    let versions = store.commit(&[Write::Create(key.clone(), document.clone())]).await.unwrap();
    drop(store);
    let stored = RedbStore::open(&path).unwrap().read(&key).await.unwrap().unwrap();
    assert_eq!((stored.document, Some(stored.version)), (document, versions[0].clone()));
}

#[test]
fn refuses_a_file_that_is_open_already() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    let _first = open(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, OpenError::AlreadyOpen { .. }), "{error:?}");
    assert!(told(&error, &path).contains("already open"));
}

#[test]
fn racing_processes_do_not_share_a_new_file() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    let racers: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn({
                let path = path.clone();
                move || open(&path)
            })
        })
        .collect();
    let outcomes: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let lost = |outcome: &Result<Database, OpenError>| matches!(outcome, Ok(_) | Err(OpenError::AlreadyOpen { .. }));
    assert!(outcomes.iter().all(lost), "{outcomes:?}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "a draft was left behind");
}

#[test]
fn tells_a_file_that_is_no_store() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    for bytes in [b"short".as_slice(), &[0; 10_000], b"# not a store\n".repeat(1_000).as_slice()] {
        fs::write(&path, bytes).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
        assert!(told(&error, &path).contains("damaged"));
        assert_eq!(fs::read(&path).unwrap(), bytes, "the file was changed");
    }
}

#[test]
fn opens_or_tells_a_file_with_a_damaged_header() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    drop(open(&path).unwrap());
    let good = fs::read(&path).unwrap();
    let mut told_damaged = 0;
    for position in (0..320).step_by(8) {
        let mut bad = good.clone();
        bad[position] ^= 0xff;
        fs::write(&path, bad).unwrap();
        match open(&path) {
            Ok(_) => {}
            Err(OpenError::Damaged { .. }) => told_damaged += 1,
            Err(error) => panic!("byte {position}: {error:?}"),
        }
    }
    assert!(told_damaged > 0);
}

#[test]
fn opens_or_tells_a_file_that_was_cut_off() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    drop(open(&path).unwrap());
    let good = fs::read(&path).unwrap();
    for length in [1, 100, 320, 4_096, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        let outcome = open(&path);
        assert!(matches!(outcome, Ok(_) | Err(OpenError::Damaged { .. })), "{length} bytes: {outcome:?}");
    }
}

#[test]
fn opens_an_empty_file_as_a_new_store() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    fs::write(&path, b"").unwrap();
    open(&path).unwrap();
}

#[test]
fn a_crash_while_creating_leaves_nothing_in_the_way() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    let (draft, file) = Draft::of(&path).unwrap();
    std::mem::forget(draft);
    file.set_len(100).unwrap();
    assert!(!path.exists());
    open(&path).unwrap();
}

#[test]
fn refuses_the_layout_of_another_release() {
    let folder = folder();
    let path = folder.path().join("hub.redb");
    let database = open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(FACTS).unwrap().insert(LAYOUT, 2).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = open(&path).unwrap_err();
    assert!(matches!(error, OpenError::OtherLayout { layout: 2, .. }), "{error:?}");
    assert!(told(&error, &path).contains("layout 2"));
}

#[test]
fn tells_a_folder_that_is_a_file() {
    let folder = folder();
    fs::write(folder.path().join("file"), b"").unwrap();
    let path = folder.path().join("file/hub.redb");
    let error = open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Failed { .. }), "{error:?}");
    told(&error, &path);
}

#[test]
fn tells_a_missing_permission() {
    let denied = || Error::Io(io::Error::from(io::ErrorKind::PermissionDenied));
    let error = OpenError::new(Path::new("/data/hub.redb"), denied());
    assert!(matches!(error, OpenError::NoPermission { .. }), "{error:?}");
    assert_eq!(told(&error, Path::new("/data/hub.redb")), "no permission to read and write the store /data/hub.redb");
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("new/hub.redb");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    drop(open(&path).unwrap());
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o600, "a file that others could read was closed to them");
}
