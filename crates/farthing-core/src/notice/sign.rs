//! Signatures by the Standard Webhooks specification: HMAC-SHA256 over `id.timestamp.body`, one for each secret that is good.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

const PREFIX: &str = "whsec_";
/// What the specification asks for.
const BYTES_MIN: usize = 24;
const BYTES_MAX: usize = 64;

/// What an endpoint and we alone know. `Debug` and errors never show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// It says nothing of the text, which may be a secret with a letter wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretError;

impl Secret {
    pub fn new(bytes: [u8; 32]) -> Secret {
        Secret(bytes.to_vec())
    }

    pub fn parse(text: &str) -> Result<Secret, SecretError> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).ok_or(SecretError)?).map_err(|_| SecretError)?;
        if (BYTES_MIN..=BYTES_MAX).contains(&bytes.len()) { Ok(Secret(bytes)) } else { Err(SecretError) }
    }

    /// `whsec_…`, for whoever has to check signatures.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The header `webhook-signature`: while a secret rotates, one signature by the new one and one by the old, either of which a receiver
/// may know.
pub fn signature_header(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(id, timestamp, body)).collect();
    signatures.join(" ")
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the specification's own libraries.
    #[test]
    fn a_signature_is_the_one_that_the_official_libraries_make() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let header = signature_header(
            std::slice::from_ref(&secret),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(header, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signature_header(
            &[Secret::new([7; 32]), secret],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert!(both.ends_with(&format!(" {header}")) && both.matches("v1,").count() == 2, "{both}");
    }

    #[test]
    fn a_secret_reads_back_and_is_not_shown_by_accident() {
        let secret = Secret::new([0xa5; 32]);
        assert_eq!(Secret::parse(&secret.reveal()), Ok(secret.clone()));
        assert!(!format!("{secret:?}").contains(&STANDARD.encode([0xa5; 32])));
        for wrong in ["", "whsec_", "whsec_c2hvcnQ=", "sk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!!!"] {
            assert_eq!(Secret::parse(wrong), Err(SecretError), "{wrong}");
        }
    }
}
