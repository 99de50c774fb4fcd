//! The directory by which operators sign in: OpenID Connect, authorisation code with PKCE. Asks it where its doors are, trades the code for a
//! token, and believes the token only when everything about it is right.
//!
//! What is checked (OpenID Connect Core 3.1.3.7): the signature, by a key of the issuer's own list, RS256 or ES256 and nothing else, never
//! what the token asks for; who made it, for whom, until when; that it answers the nonce of this very sign-in; and that the address in it is a
//! confirmed one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use farthing_core::time::Instant;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;
use std::fmt::Write as _;
use std::io::Read as _;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);
/// As much of an answer as is read.
const ANSWER_BYTES: u64 = 256 * 1_024;
/// Clocks are a little off.
const SLACK_SECONDS: i64 = 60;

/// Which directory, and what we are to it. `Debug` does not show the secret.
#[derive(Clone)]
pub struct DirectorySettings {
    pub issuer: String,
    pub client: String,
    /// None: a public client, which PKCE alone protects.
    pub secret: Option<String>,
    /// Addresses are believed that the directory does not call confirmed: where it never says so.
    pub trust_email: bool,
}

#[derive(Debug)]
pub struct OidcDirectory {
    settings: DirectorySettings,
    agent: ureq::Agent,
}

/// What ties a way there to the way back.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'e> {
    pub state: &'e str,
    pub nonce: &'e str,
    pub verifier: &'e str,
    pub back: &'e str,
}

/// Where the directory's doors are.
#[derive(Debug, Deserialize)]
struct Doors {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

impl OidcDirectory {
    pub fn new(settings: DirectorySettings) -> OidcDirectory {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("Farthing/", env!("CARGO_PKG_VERSION")))
            .build();
        OidcDirectory { settings, agent: ureq::Agent::new_with_config(config) }
    }

    /// Where a browser is sent to.
    pub fn way_there(&self, errand: &Errand<'_>) -> Result<String, String> {
        let doors = self.doors()?;
        let challenge = URL_SAFE_NO_PAD.encode(sha256(errand.verifier.as_bytes()));
        let asked = [
            ("response_type", "code"),
            ("client_id", &self.settings.client),
            ("redirect_uri", errand.back),
            ("scope", "openid email"),
            ("state", errand.state),
            ("nonce", errand.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let mark = if doors.authorization_endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{}{mark}{}", doors.authorization_endpoint, coded(&asked)))
    }

    /// The address of whoever came back with a code.
    pub fn who_came(&self, code: &str, errand: &Errand<'_>, now: Instant) -> Result<String, String> {
        let doors = self.doors()?;
        let mut sent = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", errand.back),
            ("code_verifier", errand.verifier),
        ];
        let mut request =
            self.agent.post(&doors.token_endpoint).header("content-type", "application/x-www-form-urlencoded");
        match &self.settings.secret {
            Some(secret) => {
                let pair = format!("{}:{}", escaped(&self.settings.client), escaped(secret));
                request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
            }
            None => sent.push(("client_id", &self.settings.client)),
        }
        let answer = request.send(coded(&sent).as_bytes()).map_err(|error| told(&doors.token_endpoint, &error))?;
        let answer = read(&doors.token_endpoint, answer)?;
        let token = answer["id_token"].as_str().ok_or("the directory's answer has no id_token")?;
        let keys = self.fetch(&doors.jwks_uri)?;
        email_of(token, &keys, &Expected { settings: &self.settings, nonce: errand.nonce, now })
    }

    fn doors(&self) -> Result<Doors, String> {
        let address = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let doors: Doors = serde_json::from_value(self.fetch(&address)?)
            .map_err(|error| format!("{address} does not say where its doors are: {error}"))?;
        if doors.issuer.trim_end_matches('/') != self.settings.issuer.trim_end_matches('/') {
            return Err(format!("{address} is of another issuer, {:?}", doors.issuer));
        }
        for door in [&doors.authorization_endpoint, &doors.token_endpoint, &doors.jwks_uri] {
            if !is_safe(door) {
                return Err(format!("{address} names {door:?}, which is not https"));
            }
        }
        Ok(doors)
    }

    fn fetch(&self, address: &str) -> Result<Value, String> {
        let answer = self.agent.get(address).header("accept", "application/json").call();
        read(address, answer.map_err(|error| told(address, &error))?)
    }
}

/// https, or this machine itself, where tests are.
pub(crate) fn is_safe(address: &str) -> bool {
    address.starts_with("https://")
        || ["http://127.0.0.1:", "http://localhost:"].iter().any(|own| address.starts_with(own))
}

fn told(address: &str, error: &ureq::Error) -> String {
    format!("{address} does not answer: {error}")
}

fn read(address: &str, mut answer: ureq::http::Response<ureq::Body>) -> Result<Value, String> {
    let status = answer.status();
    let mut text = Vec::new();
    let body = answer.body_mut().as_reader().take(ANSWER_BYTES).read_to_end(&mut text);
    body.map_err(|error| format!("{address} broke off: {error}"))?;
    if !status.is_success() {
        // What it says may repeat what was sent: the status is enough.
        return Err(format!("{address} answers {}", status.as_u16()));
    }
    serde_json::from_slice(&text).map_err(|_| format!("{address} does not answer with JSON"))
}

/// What a token must be of.
struct Expected<'e> {
    settings: &'e DirectorySettings,
    nonce: &'e str,
    now: Instant,
}

/// The address in a token, when everything about it is right.
fn email_of(token: &str, keys: &Value, expected: &Expected<'_>) -> Result<String, String> {
    let mut parts = token.split('.');
    let (Some(head), Some(body), Some(seal), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("the id_token has not three parts".to_owned());
    };
    let signed = token.get(..head.len() + 1 + body.len()).unwrap_or_default();
    let (head, claims, seal) = (json_of(head)?, json_of(body)?, bytes_of(seal)?);
    if !is_signed(&head, keys, signed.as_bytes(), &seal) {
        return Err("the id_token is signed by no key of the directory's".to_owned());
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let settings = expected.settings;
    if text("iss").trim_end_matches('/') != settings.issuer.trim_end_matches('/') {
        return Err("the id_token is of another issuer".to_owned());
    }
    let audience: Vec<&str> = match &claims["aud"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let azp = claims["azp"].as_str();
    if !audience.contains(&settings.client.as_str())
        || (audience.len() > 1 && azp.is_none())
        || azp.is_some_and(|azp| azp != settings.client)
    {
        return Err("the id_token is for somebody else".to_owned());
    }
    let now = expected.now.micros().div_euclid(1_000_000);
    if claims["exp"].as_i64().is_none_or(|end| now >= end.saturating_add(SLACK_SECONDS)) {
        return Err("the id_token's time is over".to_owned());
    }
    if claims["iat"].as_i64().is_none_or(|made| made > now.saturating_add(SLACK_SECONDS)) {
        return Err("the id_token is of the future".to_owned());
    }
    if blake3::hash(text("nonce").as_bytes()) != blake3::hash(expected.nonce.as_bytes()) {
        return Err("the id_token answers another sign-in".to_owned());
    }
    let confirmed = claims["email_verified"].as_bool();
    if confirmed == Some(false) || (confirmed.is_none() && !settings.trust_email) {
        return Err("the directory does not say that the address is confirmed".to_owned());
    }
    match text("email") {
        "" => Err("the id_token has no address".to_owned()),
        email => Ok(email.to_owned()),
    }
}

fn is_signed(head: &Value, keys: &Value, signed: &[u8], seal: &[u8]) -> bool {
    let algorithm = head["alg"].as_str().unwrap_or_default();
    let wanted = head["kid"].as_str();
    let all = keys["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let fitting = all.iter().filter(|key| wanted.is_none_or(|id| key["kid"].as_str() == Some(id)));
    let mut signing = fitting.filter(|key| key["use"].as_str().is_none_or(|used| used == "sig"));
    // A key says itself what it signs with: a token cannot have it read as another kind.
    signing.any(|key| {
        let of_key = key["alg"].as_str().is_none_or(|named| named == algorithm);
        let part = |name: &str| bytes_of(key[name].as_str().unwrap_or_default()).unwrap_or_default();
        of_key
            && match (algorithm, key["kty"].as_str().unwrap_or_default()) {
                ("RS256", "RSA") => {
                    let public = RsaPublicKeyComponents { n: part("n"), e: part("e") };
                    public.verify(&RSA_PKCS1_2048_8192_SHA256, signed, seal).is_ok()
                }
                ("ES256", "EC") if key["crv"] == "P-256" => {
                    let point = [vec![4], part("x"), part("y")].concat();
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, seal).is_ok()
                }
                _ => false,
            }
    })
}

fn json_of(part: &str) -> Result<Value, String> {
    serde_json::from_slice(&bytes_of(part)?).map_err(|_| "a part of the id_token is no JSON".to_owned())
}

fn bytes_of(part: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part of the id_token cannot be read".to_owned())
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

fn coded(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    pairs.collect::<Vec<String>>().join("&")
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

impl fmt::Debug for DirectorySettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DirectorySettings({} as {})", self.issuer, self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    const NOW: i64 = 1_800_000_000;

    struct Issuer {
        pair: EcdsaKeyPair,
        chance: SystemRandom,
    }

    impl Issuer {
        fn new() -> Issuer {
            let chance = SystemRandom::new();
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &chance).unwrap();
            Issuer { pair, chance }
        }

        fn keys(&self) -> Value {
            let point = self.pair.public_key().as_ref();
            let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
            json!({ "keys": [
                { "kty": "RSA", "kid": "other", "n": "AQAB", "e": "AQAB" },
                { "kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "alg": "ES256", "x": part(1..33), "y": part(33..65) },
            ] })
        }

        fn token(&self, head: &Value, claims: &Value) -> String {
            let signed = [head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
            let seal = self.pair.sign(&self.chance, signed.as_bytes()).unwrap();
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(seal.as_ref()))
        }
    }

    fn settings() -> DirectorySettings {
        DirectorySettings {
            issuer: "https://login.example.com".to_owned(),
            client: "farthing".to_owned(),
            secret: Some("hunter2".to_owned()),
            trust_email: false,
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://login.example.com", "aud": "farthing", "exp": NOW + 300, "iat": NOW, "nonce": "n",
            "email": "ops@one.example", "email_verified": true,
        })
    }

    fn check(issuer: &Issuer, token: &str, settings: &DirectorySettings) -> Result<String, String> {
        let now = Instant::from_micros(NOW * 1_000_000);
        email_of(token, &issuer.keys(), &Expected { settings, nonce: "n", now })
    }

    #[test]
    fn a_token_is_believed_when_everything_about_it_is_right() {
        let issuer = Issuer::new();
        let head = json!({ "alg": "ES256", "kid": "one" });
        assert_eq!(check(&issuer, &issuer.token(&head, &claims()), &settings()), Ok("ops@one.example".to_owned()));
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            check(&issuer, &issuer.token(&head, &claims), &settings())
        };
        assert!(with("aud", json!(["farthing"])).is_ok());
        assert!(with("exp", json!(NOW - 59)).is_ok(), "clocks are a little off");
        for (name, value) in [
            ("iss", json!("https://login.evil.example")),
            ("aud", json!("other")),
            ("aud", json!(["farthing", "other"])),
            ("aud", Value::Null),
            ("azp", json!("other")),
            ("exp", json!(NOW - 60)),
            ("exp", Value::Null),
            ("iat", json!(NOW + 61)),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
            ("email", json!("")),
            ("email_verified", json!(false)),
            ("email_verified", Value::Null),
        ] {
            assert!(with(name, value.clone()).is_err(), "{name}: {value}");
        }
        let trusting = DirectorySettings { trust_email: true, ..settings() };
        let mut silent = claims();
        silent.as_object_mut().unwrap().remove("email_verified");
        assert!(check(&issuer, &issuer.token(&head, &silent), &trusting).is_ok());
        silent["email_verified"] = json!(false);
        assert!(check(&issuer, &issuer.token(&head, &silent), &trusting).is_err(), "it says that it is not");
    }

    #[test]
    fn a_signature_is_the_issuers_own() {
        let (issuer, other) = (Issuer::new(), Issuer::new());
        let head = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
        for (alg, kid) in
            [("none", "one"), ("HS256", "one"), ("RS256", "one"), ("ES256", "other"), ("ES256", "nobody"), ("", "one")]
        {
            assert!(check(&issuer, &issuer.token(&head(alg, kid), &claims()), &settings()).is_err(), "{alg} {kid}");
        }
        assert!(check(&issuer, &other.token(&head("ES256", "one"), &claims()), &settings()).is_err());
        let good = issuer.token(&head("ES256", "one"), &claims());
        let forged = URL_SAFE_NO_PAD.encode(json!({ "email": "root@one.example" }).to_string());
        let parts: Vec<&str> = good.split('.').collect();
        for wrong in [
            format!("{}.{forged}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{good}.x"),
            String::new(),
        ] {
            assert!(check(&issuer, &wrong, &settings()).is_err(), "{wrong}");
        }
    }

    /// A key of 2048 bits and what `openssl dgst -sha256 -sign` made with it.
    #[test]
    fn rs256_as_most_directories_sign() {
        let keys: Value = serde_json::from_str(include_str!("directory_rs256_keys.json")).unwrap();
        let token = include_str!("directory_rs256_token.txt").trim();
        let now = Instant::from_micros(NOW * 1_000_000);
        let (settings, nonce) = (settings(), "n");
        let expected = Expected { settings: &settings, nonce, now };
        assert_eq!(email_of(token, &keys, &expected), Ok("ops@one.example".to_owned()));
        let half = token.len() / 2;
        let changed =
            format!("{}{}{}", &token[..half], if &token[half..=half] == "A" { "B" } else { "A" }, &token[half + 1..]);
        assert!(email_of(&changed, &keys, &expected).is_err());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(!format!("{:?}", settings()).contains("hunter2"));
        assert!(is_safe("https://a.example/x") && is_safe("http://127.0.0.1:9/x") && !is_safe("http://a.example/x"));
        assert_eq!(coded(&[("a", "b c&d"), ("e", "ü")]), "a=b%20c%26d&e=%C3%BC");
    }
}
