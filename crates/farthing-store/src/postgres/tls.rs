//! Whether and how a connection to PostgreSQL is encrypted.
//!
//! A ledger does not cross a network in the clear: to another host TLS is required, and the server's certificate is
//! checked, unless the URL says `sslmode=disable`. `sslrootcert=FILE` names the authority; else the system's are used.

use crate::StoreError;
use postgres::config::{Host, SslMode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::path::Path;
use std::sync::Arc;

const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A URL read: the driver's settings, and the TLS that goes with them.
pub(super) struct Target {
    pub(super) config: postgres::Config,
    pub(super) tls: Option<tokio_postgres_rustls::MakeRustlsConnect>,
}

pub(super) fn target(url: &str) -> Result<Target, StoreError> {
    let (bare, mode, root) = split(url)?;
    let mut config: postgres::Config = bare.parse().map_err(|error: postgres::Error| {
        // The driver's own message may quote the URL, which may hold a password.
        StoreError::Unusable(format!(
            "the store's URL cannot be read ({}): write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require",
            std::error::Error::source(&error).map_or_else(|| "not a URL".to_owned(), ToString::to_string)
        ))
    })?;
    let local = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        Host::Unix(_) => true,
    });
    let encrypted = match mode.as_deref() {
        Some("disable") => false,
        Some("require" | "verify-ca" | "verify-full") => true,
        Some("prefer" | "allow") | None => !local || root.is_some(),
        Some(other) => {
            return Err(StoreError::Unusable(format!(
                "sslmode={other} in the store's URL is not known: use disable, require or verify-full"
            )));
        }
    };
    config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
    config.application_name("farthing");
    let tls = encrypted.then(|| connector(root.as_deref())).transpose()?;
    Ok(Target { config, tls })
}

/// The URL without the two settings that the driver does not know, and those.
fn split(url: &str) -> Result<(String, Option<String>, Option<String>), StoreError> {
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => root = Some(value.to_owned()),
            Some(_) => rest.push(pair),
            None => {
                return Err(StoreError::Unusable(format!("'{pair}' in the store's URL has no value: write {pair}=…")));
            }
        }
    }
    let bare = if rest.is_empty() { head.to_owned() } else { format!("{head}?{}", rest.join("&")) };
    Ok((bare, mode, root))
}

fn connector(root: Option<&str>) -> Result<tokio_postgres_rustls::MakeRustlsConnect, StoreError> {
    let file = root.map(str::to_owned).or_else(|| std::env::var("SSL_CERT_FILE").ok());
    let file = file.unwrap_or_else(|| SYSTEM_ROOTS.to_owned());
    let unusable = |what: String| {
        StoreError::Unusable(format!(
            "{file}: {what}; name the authority of the server's certificate with sslrootcert=FILE in the store's URL"
        ))
    };
    let mut roots = rustls::RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(Path::new(&file)).map_err(|error| unusable(error.to_string()))?;
    roots.add_parsable_certificates(found.filter_map(Result::ok));
    if roots.is_empty() {
        return Err(unusable("no certificate in this file".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_encrypted_unless_told_otherwise() {
        fn check(url: &str, encrypted: bool) {
            let target = target(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(target.tls.is_some(), encrypted, "{url}");
            let expected = if encrypted { SslMode::Require } else { SslMode::Disable };
            assert_eq!(target.config.get_ssl_mode(), expected, "{url}");
        }
        check("postgres://farthing@127.0.0.1:5432/x", false);
        check("postgres://farthing@localhost/x?connect_timeout=3", false);
        check("postgres://farthing@db.example/x?sslmode=disable", false);
    }

    #[test]
    fn a_bad_url_is_told_without_its_password() {
        for url in
            ["postgres://a:geheim@host:port/x", "postgres://a:geheim@h/x?sslmode=maybe", "postgres://a:geheim@h/x?y"]
        {
            let told = target(url).map(|_| ()).expect_err(url).to_string();
            assert!(!told.contains("geheim"), "{told}");
        }
    }
}
