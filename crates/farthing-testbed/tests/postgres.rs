//! Servers and databases from the outside: what a test of another crate relies on.

use std::os::unix::fs::FileTypeExt;

use farthing_testbed::{Cluster, postgres};

#[test]
fn databases_are_fresh_and_go_with_their_value() {
    let cluster = postgres();
    let (first, second) = (cluster.database("same"), cluster.database("same"));
    assert_ne!(first.name(), second.name());
    assert_eq!(first.url(), format!("{}/{}", cluster.url(), first.name()));
    first.sql("CREATE TABLE charge (id bigint)").unwrap();
    assert_eq!(first.sql("SELECT count(*), 'x' FROM charge").as_deref(), Ok("0|x"));
    let told = second.sql("SELECT count(*) FROM charge").unwrap_err();
    assert!(told.contains("relation \"charge\" does not exist"), "{told}");

    let gone = first.name().to_owned();
    drop(first);
    let left = second.sql("SELECT datname FROM pg_database").unwrap();
    assert!(left.lines().any(|name| name == second.name()), "{left}");
    assert!(!left.lines().any(|name| name == gone), "{left}");
}

/// The rules of a private server, which also holds for the one that `with-postgres` shares.
#[test]
fn private_server() {
    let cluster = Cluster::start();
    let database = cluster.database("private");
    let check = |setting: &str, expected: &str| {
        assert_eq!(database.sql(&format!("SHOW {setting}")).as_deref(), Ok(expected), "{setting}");
    };
    check("max_connections", "200");
    check("synchronous_commit", "on");
    check("server_encoding", "UTF8");
    check("lc_collate", "C");
    check("timezone", "UTC");

    let socket_dir = cluster.socket_dir().expect("a private server has one").to_owned();
    assert!(socket_dir.as_os_str().len() < 60, "{}", socket_dir.display());
    let mut entries = socket_dir.read_dir().unwrap();
    assert!(entries.any(|entry| entry.unwrap().file_type().unwrap().is_socket()));
    drop(database);
    drop(cluster);
    assert!(!socket_dir.exists());
}
