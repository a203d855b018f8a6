//! Daemons that say what no daemon should, and what is made of it. What a real one says is tested with real ones.

use std::thread::JoinHandle;

use nix_seed_store::Sha256Hash;

use super::*;

const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;

fn path(digit: char) -> StorePath {
    StorePath::from_base_name(&format!("{}-p", String::from(digit).repeat(32))).unwrap()
}

fn greeting(minor: u64) -> Request {
    Request::new(HELLO_BACK).number(1 << 8 | minor).text(&"2.99").number(2).number(LAST)
}

/// A daemon that says this whatever it is asked, and then listens until it is left.
fn daemon(says: &Request) -> (UnixStream, JoinHandle<Vec<u8>>) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(says.bytes()).unwrap();
    let heard = std::thread::spawn(move || {
        let mut heard = Vec::new();
        let _ = theirs.read_to_end(&mut heard);
        heard
    });
    (ours, heard)
}

fn connection(says: Request) -> Connection {
    let mut all = greeting(38).bytes().to_vec();
    all.extend(says.bytes());
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(&all).unwrap();
    std::thread::spawn(move || std::io::copy(&mut theirs, &mut std::io::sink()));
    Connection::greet(ours).unwrap()
}

#[test]
fn a_newer_daemon_is_spoken_to_in_the_newest_version_that_is_known() {
    let (ours, heard) = daemon(&greeting(38));
    let connection = Connection::greet(ours).unwrap();
    assert_eq!((connection.nix_version(), connection.trust()), ("2.99", Trust::NotTrusted));
    drop(connection);
    assert_eq!(heard.join().unwrap(), Request::new(HELLO).number(0x125).number(0).number(0).bytes());
}

#[test]
fn a_daemon_that_is_too_old_is_named() {
    for (minor, refused) in [(33, true), (34, false)] {
        let (ours, _) = daemon(&Request::new(HELLO_BACK).number(1 << 8 | minor).text(&"2.7").number(LAST));
        let result = Connection::greet(ours);
        assert_eq!(matches!(result, Err(Error::Version { major: 1, minor: 33 })), refused, "{result:?}");
    }
}

#[test]
fn what_is_no_daemon_is_refused() {
    for says in [Request::new(7), greeting(35).number(0), Request::new(HELLO_BACK).number(2 << 8)] {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (&theirs).write_all(&says.bytes()[..16.min(says.bytes().len())]).unwrap();
        drop(theirs);
        assert!(Connection::greet(ours).is_err());
    }
}

#[test]
fn paths_that_were_not_asked_for_are_none() {
    let says = Request::new(LAST).list([path('1'), path('2')].iter());
    let found = connection(says).valid_paths(&[path('1'), path('3')].into()).unwrap();
    assert_eq!(found, [path('1')].into());
}

#[test]
fn endless_lists_of_referrers_are_refused() {
    let error = connection(Request::new(LAST).number(u64::MAX)).referrers(&path('1')).unwrap_err();
    assert!(matches!(error, Error::Protocol("too many referrers")), "{error}");
    let error = connection(Request::new(LAST).number(1).text(&"/etc/passwd")).referrers(&path('1')).unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");
}

fn info(ca: Option<&str>) -> PathInfo {
    let nar_hash = Sha256Hash([0; 32]);
    PathInfo { path: path('1'), nar_hash, nar_size: 3, references: vec![], ca: ca.map(Into::into) }
}

#[test]
fn a_refusal_for_want_of_a_signature_has_a_name_of_its_own() {
    let says = || {
        let error = Request::new(ERROR).text(&"Error").number(0).text(&"Error");
        error.text(&"cannot add path because it lacks a signature by a trusted key").number(0).number(0).number(LAST)
    };
    let mut daemon = connection(says());
    assert!(matches!(daemon.add(&info(None), &mut &b"nar"[..], false), Err(Error::Signature { .. })));
    // It may be asked for something else then.
    assert!(finish(&mut daemon.reader).is_ok());
    let error = connection(says()).add(&info(Some("text:sha256:x")), &mut &b"nar"[..], false).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
}

#[test]
fn what_cannot_be_read_ends_the_connection_and_not_in_a_wait() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("bad disk"))
        }
    }
    let error = connection(Request::default()).add(&info(None), &mut Broken, false).unwrap_err();
    assert!(matches!(error, Error::Source(_)), "{error}");
}

#[test]
fn a_daemon_that_talks_more_than_a_socket_holds_is_heard_while_it_is_sent_a_path() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let daemon = std::thread::spawn(move || {
        theirs.write_all(greeting(35).bytes()).unwrap();
        let message = Request::new(0x6f6c_6d67).text(&"x".repeat(10_000));
        for _ in 0..500 {
            theirs.write_all(message.bytes()).unwrap();
        }
        theirs.write_all(Request::new(LAST).bytes()).unwrap();
        let mut heard = Vec::new();
        theirs.read_to_end(&mut heard).unwrap();
        heard
    });
    let mut connection = Connection::greet(ours).unwrap();
    let nar = vec![7; 3 << 20];
    connection.add(&info(None), &mut &nar[..], false).unwrap();
    drop(connection);
    let heard = daemon.join().unwrap();
    assert_eq!(heard[heard.len() - 8..], [0; 8]);
    assert!(heard.len() > nar.len());
}
