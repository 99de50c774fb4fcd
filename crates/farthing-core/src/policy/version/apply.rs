//! The decision of an `apply`: what these files, from this moment on, append to a cloud's versions.
//!
//! It decides on hashes of files alone, so nothing but the list of versions has to be read for it.

use super::{Files, Version, Versions, digest_of_files};
use crate::time::Instant;
use std::fmt;

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyRequest {
    pub files: Files,
    pub who: String,
    pub why: String,
    /// `None`: now, or where a version is corrected, when that one started.
    pub starts: Option<Instant>,
    /// The version that was wrong from its beginning.
    pub corrects: Option<i64>,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// To be appended.
    New(Version),
    /// These files are in force at that start anyway, by this version: nothing is appended, however often it is asked.
    Unchanged { number: i64 },
}

/// Why nothing is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyError {
    NoWho,
    NoWhy,
    NoFiles,
    /// A zero byte, which PostgreSQL keeps in no text.
    ZeroByte {
        place: String,
    },
    StartOutOfRange {
        starts: Instant,
    },
    StartPassed {
        starts: Instant,
        now: Instant,
    },
    CorrectionStartsElsewhere {
        corrects: i64,
        starts: Instant,
        asked: Instant,
    },
    NothingToCorrect {
        corrects: i64,
        newest: Option<i64>,
    },
    AlreadyReplaced {
        corrects: i64,
        by: i64,
    },
    CorrectionChangesNothing {
        corrects: i64,
    },
}

/// Decides what to append to the versions of a cloud. Nothing is retroactive but a correction.
pub fn plan_apply(versions: &Versions, request: &ApplyRequest, now: Instant) -> Result<Applied, ApplyError> {
    check_texts(request)?;
    let files_digest = digest_of_files(&request.files);
    // Floored, not refused: so is every instant that cuts a timeline, and a person's "now" has microseconds.
    let asked = request.starts.map(Instant::floor_second);
    let starts = if let Some(number) = request.corrects {
        let corrected = corrected(versions, number, asked)?;
        if corrected.files_digest == files_digest {
            return Err(ApplyError::CorrectionChangesNothing { corrects: number });
        }
        corrected.starts
    } else {
        let this_second = now.floor_second();
        let starts = asked.unwrap_or(this_second);
        let passed = starts < this_second;
        // A start that has passed is no error if it is the same request again, made when it was still ahead.
        let there = versions.in_force_at(starts).filter(|version| !passed || version.starts == starts);
        if let Some(version) = there.filter(|version| version.files_digest == files_digest) {
            return Ok(Applied::Unchanged { number: version.number });
        }
        if passed {
            return Err(ApplyError::StartPassed { starts, now });
        }
        if !starts.is_in_range() {
            return Err(ApplyError::StartOutOfRange { starts });
        }
        starts
    };
    let (last, before) = versions.newest().map_or((0, [0; 32]), |newest| (newest.number, newest.digest));
    let mut version = Version {
        number: last.checked_add(1).expect("nobody applies 2^63 versions"),
        starts,
        corrects: request.corrects,
        who: request.who.clone(),
        why: request.why.clone(),
        recorded: now,
        files_digest,
        digest: [0; 32],
    };
    version.digest = version.digest_after(versions.cloud(), &before);
    Ok(Applied::New(version))
}

/// The version to correct, if it can be, from where it was asked.
fn corrected(versions: &Versions, number: i64, asked: Option<Instant>) -> Result<&Version, ApplyError> {
    let newest = versions.newest().map(|newest| newest.number);
    let corrected = versions.get(number).ok_or(ApplyError::NothingToCorrect { corrects: number, newest })?;
    // Otherwise the correction would also take away what has replaced it, which nobody asked for.
    if let Some(by) = versions.replaced_by(number) {
        return Err(ApplyError::AlreadyReplaced { corrects: number, by: by.number });
    }
    match asked {
        Some(asked) if asked != corrected.starts => {
            Err(ApplyError::CorrectionStartsElsewhere { corrects: number, starts: corrected.starts, asked })
        }
        _ => Ok(corrected),
    }
}

fn check_texts(request: &ApplyRequest) -> Result<(), ApplyError> {
    if request.who.trim().is_empty() {
        return Err(ApplyError::NoWho);
    }
    if request.why.trim().is_empty() {
        return Err(ApplyError::NoWhy);
    }
    if request.files.is_empty() {
        return Err(ApplyError::NoFiles);
    }
    let named = [("the name of who applies it", &request.who), ("the reason", &request.why)];
    let names = request.files.keys().map(|name| (format!("the file name {name:?}"), name));
    let texts = request.files.iter().map(|(name, text)| (format!("the file {name:?}"), text));
    let mut all = named.into_iter().map(|(place, text)| (place.to_owned(), text)).chain(names).chain(texts);
    match all.find(|(_, text)| text.contains('\0')) {
        Some((place, _)) => Err(ApplyError::ZeroByte { place }),
        None => Ok(()),
    }
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplyError::NoWho => f.write_str("nobody is named who applies this: name who answers for it"),
            ApplyError::NoWhy => {
                f.write_str("no reason is given: say in a sentence why, for those who will read the list of versions")
            }
            ApplyError::NoFiles => {
                f.write_str("there is no file to apply: name the folder that holds the cloud's configuration")
            }
            ApplyError::ZeroByte { place } => {
                write!(f, "{place} has a zero byte in it, which no text has: take it out and apply again")
            }
            ApplyError::StartOutOfRange { starts } => {
                write!(f, "the version would start at {starts}: give a start in the years 1970 to 9999")
            }
            ApplyError::StartPassed { starts, now } => write!(
                f,
                "the version would start at {starts}, and it is {now} already: leave the start out to start now, or give a \
                 later one; if a version was wrong from its beginning, correct that version"
            ),
            ApplyError::CorrectionStartsElsewhere { corrects, starts, asked } => write!(
                f,
                "version {corrects} starts at {starts}, so what corrects it cannot start at {asked}: leave the start out, or \
                 apply a version that corrects none"
            ),
            ApplyError::NothingToCorrect { corrects, newest: None } => {
                write!(f, "there is no version {corrects} to correct, nor any other: apply a first one")
            }
            ApplyError::NothingToCorrect { corrects, newest: Some(newest) } => {
                write!(f, "there is no version {corrects} to correct: name one of 1 to {newest}")
            }
            ApplyError::AlreadyReplaced { corrects, by } => {
                write!(f, "version {corrects} was already replaced, by version {by}: correct version {by} instead")
            }
            ApplyError::CorrectionChangesNothing { corrects } => write!(
                f,
                "these are the very files of version {corrects}, so there is nothing to correct: change them and apply again"
            ),
        }
    }
}

impl std::error::Error for ApplyError {}
