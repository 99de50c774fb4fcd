//! The server that speaks nothing but TLS, asked with psql: the client of another hand.

use std::process::Command;

use farthing_testbed::tls_cluster;

fn psql(url: &str) -> Result<String, String> {
    let output = Command::new("psql")
        .args(["--no-psqlrc", "--no-align", "--tuples-only", "--no-password", "--dbname", url])
        .args(["--command", "SELECT ssl, current_database() FROM pg_stat_ssl WHERE pid = pg_backend_pid()"])
        .env("HOME", "/nonexistent") // where a developer may keep certificates for other servers
        .output()
        .expect("psql is on the PATH");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn only_tls_and_only_with_the_password() {
    let cluster = tls_cluster();
    let database = cluster.database("tls");
    let encrypted = format!("t|{}", database.name());
    assert_eq!(psql(&database.url()).as_ref(), Ok(&encrypted));

    let verified = format!("sslmode=verify-full&sslrootcert={}", cluster.ca_path().display());
    let verified = database.url().replace("sslmode=require", &verified);
    assert_eq!(psql(&verified).as_ref(), Ok(&encrypted));
    assert_eq!(psql(&verified.replace("@127.0.0.1:", "@localhost:")).as_ref(), Ok(&encrypted));

    let refused = |url: String, reason: &str| {
        let told = psql(&url).unwrap_err();
        assert!(told.contains(reason), "{url}: {told}");
    };
    refused(database.url().replace("require", "disable"), "no encryption");
    refused(database.url().replace("farthing:farthing@", "farthing:wrong@"), "password authentication failed");
}
