//! Argon2id, which is slow and wants 19 MiB on purpose: so few run at once, and the others wait.

use farthing_core::access::{HashCost, PasswordHash};
use std::sync::{Condvar, Mutex, PoisonError};

/// So many at once: 80 MiB, and the machine still answers.
const AT_ONCE: u32 = 4;

static RUNNING: (Mutex<u32>, Condvar) = (Mutex::new(0), Condvar::new());

/// What is kept of a password.
pub(super) fn hash(password: &str, salt: [u8; 16]) -> PasswordHash {
    PasswordHash { cost: HashCost::NOW, salt, hash: derive(password, salt, HashCost::NOW).unwrap_or([0; 32]) }
}

/// Whether it is the password; none kept: it takes as long, and is not.
pub(super) fn is(password: &str, kept: Option<&PasswordHash>) -> bool {
    let nobody = PasswordHash { cost: HashCost::NOW, salt: [0; 16], hash: [0; 32] };
    let against = kept.unwrap_or(&nobody);
    let derived = derive(password, against.salt, against.cost);
    derived.is_some_and(|derived| against.is(derived)) && kept.is_some()
}

fn derive(password: &str, salt: [u8; 16], cost: HashCost) -> Option<[u8; 32]> {
    let params = argon2::Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let _turn = Turn::wait();
    let mut out = [0; 32];
    argon.hash_password_into(password.as_bytes(), &salt, &mut out).ok()?;
    Some(out)
}

/// One of those that run.
struct Turn;

impl Turn {
    fn wait() -> Turn {
        let (running, freed) = &RUNNING;
        let held = running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = freed.wait_while(held, |count| *count >= AT_ONCE).unwrap_or_else(PoisonError::into_inner);
        *held += 1;
        Turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (running, freed) = &RUNNING;
        *running.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_password_fits() {
        let kept = hash("correct horse battery", [7; 16]);
        assert!(is("correct horse battery", Some(&kept)));
        assert!(!is("correct horse batterz", Some(&kept)));
        assert!(!is("", None) && !is("correct horse battery", None));
        assert_ne!(hash("correct horse battery", [8; 16]).hash, kept.hash);
        let text = kept.to_text();
        assert_eq!(PasswordHash::parse(&text), Some(kept));
    }
}
