//! The consoles beside the API, where the settings have a `[console]`: which addresses are pages, and how operators may come in.

use crate::api::Door;
use crate::carry::{DirectorySettings, Errand, OidcDirectory};
use crate::clouds::Folders;
use crate::failure::Failure;
use crate::press::Press;
use axum::Router;
use axum::extract::Request;
use farthing_console::{Cloud, Console, Directory, DirectoryPerson, DirectoryStart, Gate};
use farthing_core::time::Instant;
use farthing_engine::Engine;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// `[console]` of the settings: being there, it says that the consoles are served.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ConsoleFile {
    /// Where operators sign in without a password of ours.
    directory: Option<DirectoryFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectoryFile {
    /// `https://login.example.com`: the issuer of an OpenID Connect directory.
    issuer: String,
    client_id: String,
    /// Holds the client's secret; or it is in the environment's `FARTHING_DIRECTORY_SECRET`. Neither: a public client.
    client_secret_file: Option<PathBuf>,
    /// Believes addresses that the directory does not call confirmed: for one that never says so.
    #[serde(default)]
    trust_email: bool,
}

/// How the consoles are served.
#[derive(Clone, Debug, Default)]
pub struct ConsoleSettings {
    pub directory: Option<DirectorySettings>,
}

impl ConsoleFile {
    pub(super) fn read(self, public_url: &str) -> Result<ConsoleSettings, Failure> {
        let Some(file) = self.directory else { return Ok(ConsoleSettings::default()) };
        if public_url.is_empty() {
            return Err("console.directory needs public_url: the directory sends browsers back there".into());
        }
        if !crate::carry::is_safe(&file.issuer) {
            return Err(format!("console.directory.issuer {:?} is no https address", file.issuer).into());
        }
        let given = std::env::var("FARTHING_DIRECTORY_SECRET").ok().filter(|secret| !secret.is_empty());
        let secret = match (given, &file.client_secret_file) {
            (Some(secret), _) => Some(secret),
            (None, Some(path)) => {
                let told =
                    |error| format!("{}: {error}; console.directory.client_secret_file names it", path.display());
                Some(std::fs::read_to_string(path).map_err(told)?.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, None) => None,
        };
        let directory =
            DirectorySettings { issuer: file.issuer, client: file.client_id, secret, trust_email: file.trust_email };
        Ok(ConsoleSettings { directory: Some(directory) })
    }
}

/// The pages of a server, behind the doors by which people come in: of the live world, and of each test cloud that somebody comes to.
#[derive(Clone, Debug)]
pub struct Pages {
    live: Router,
    tests: Arc<Mutex<BTreeMap<String, Router>>>,
    gate: Gate,
    /// Whether mails go out from here.
    mails: bool,
}

impl Pages {
    /// The clouds are those that there are as the server starts.
    pub(super) fn new(door: &Door, settings: &ConsoleSettings, mails: bool) -> Result<Pages, Failure> {
        let live = door.worlds.live();
        let gate = gate(settings, live.public_url());
        let console = Console::behind(live.clone(), live.clone(), clouds(live)?, gate.clone()).with_mails(mails);
        let live = farthing_console::router(console.with_printer(Arc::new(Press)).with_reader(Arc::new(Folders)));
        Ok(Pages { live, tests: Arc::default(), gate, mails })
    }

    /// The cloud whose test cloud somebody comes to: with a session or a link of it.
    pub(super) fn test_cloud_asked(&self, request: &Request) -> Option<String> {
        farthing_console::test_cloud_asked(&self.gate, request)
    }

    pub(super) async fn router_for(&self, door: Arc<Door>, test_cloud: Option<String>) -> Router {
        let Some(cloud) = test_cloud else { return self.live.clone() };
        let known = self.lock().get(&cloud).cloned();
        if let Some(router) = known {
            return router;
        }
        let pages = self.clone();
        let made = tokio::task::spawn_blocking(move || pages.test(&door, &cloud)).await;
        match made {
            Ok(Ok(Some(router))) => router,
            Ok(Err(error)) => {
                tracing::warn!(error = error.to_string(), "the pages of a test cloud cannot be shown");
                self.live.clone()
            }
            // Of no test cloud nothing is shown; and who broke off has said so.
            Ok(Ok(None)) | Err(_) => self.live.clone(),
        }
    }

    /// None: there is no such test cloud, and none is made for whoever names one.
    fn test(&self, door: &Door, cloud: &str) -> Result<Option<Router>, Failure> {
        if !door.worlds.live().cloud_names()?.iter().any(|known| known == cloud) {
            return Ok(None);
        }
        let Some(engine) = door.worlds.known(cloud, true)? else { return Ok(None) };
        let clouds = clouds(&engine)?;
        let console = Console::behind(engine, door.worlds.live().clone(), clouds, self.gate.clone());
        let console = console.of_test(cloud).with_mails(self.mails);
        let router = farthing_console::router(console.with_printer(Arc::new(Press)).with_reader(Arc::new(Folders)));
        self.lock().insert(cloud.to_owned(), router.clone());
        Ok(Some(router))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Router>> {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn clouds(engine: &Engine) -> Result<Vec<Cloud>, Failure> {
    let now = engine.now()?;
    let mut clouds = Vec::new();
    for id in engine.cloud_names()? {
        clouds.push(Cloud::of(engine.profile_at(&id, now)?, BTreeMap::new()));
    }
    Ok(clouds)
}

/// How people come in on this server.
fn gate(settings: &ConsoleSettings, public_url: &str) -> Gate {
    let gate = Gate::new(public_url);
    match &settings.directory {
        Some(directory) => gate.with_directory(Arc::new(Asked(OidcDirectory::new(directory.clone())))),
        None => gate,
    }
}

/// Whether an address is the API's; every other is a page.
pub(super) fn is_api(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    ["v1", "exports", "docs", "openapi.json", "healthz", "readyz", "metrics"].contains(&first)
}

/// The directory, as the pages ask it.
#[derive(Debug)]
struct Asked(OidcDirectory);

impl Directory for Asked {
    fn way_there(&self, start: &DirectoryStart) -> Result<String, String> {
        self.0.way_there(&errand(start))
    }

    fn who_came(&self, code: &str, start: &DirectoryStart, now: Instant) -> Result<DirectoryPerson, String> {
        self.0.who_came(code, &errand(start), now).map(|email| DirectoryPerson { email })
    }
}

fn errand(start: &DirectoryStart) -> Errand<'_> {
    Errand { state: &start.state, nonce: &start.nonce, verifier: &start.verifier, back: &start.back }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_the_api_share_a_server() {
        for path in ["/v1/accounts", "/exports/fx_live", "/healthz", "//v1/accounts", "/docs/errors", "/openapi.json"] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/sign-in/one", "/c/one/acme", "/my/security", "/clouds/one", "/v2"] {
            assert!(!is_api(path), "{path}");
        }
    }
}
