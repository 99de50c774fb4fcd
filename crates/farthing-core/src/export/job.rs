//! What is exported into which file, the states of such a job, and the secret link by which its file is fetched.

use crate::id::Id128;
use std::fmt::{self, Write as _};

crate::id_kind!(ExportId, ExportKind, "exp");
crate::id_kind!(LinkId, LinkKind, "link");

/// How long a link opens its file, and so how long a file is kept.
pub const LINK_DAYS: i64 = 7;

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportWhat {
    /// What each thing cost, charge by charge (R64, R93).
    Charges,
    /// Bills, statements, receipts and credit notes, a row each.
    Bills,
    /// Their lines.
    Lines,
    /// The same as FOCUS 1.0, which `FinOps` programs read.
    Focus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileFormat {
    Csv,
    /// JSON lines.
    Json,
    Parquet,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportState {
    /// For a worker; or one works on it: what it has done says so.
    Waiting,
    /// Its file can be fetched.
    Ready,
    /// It never will: `why` says it.
    Failed,
    /// Its file is gone.
    Expired,
}

impl ExportWhat {
    pub const ALL: [ExportWhat; 4] = [ExportWhat::Charges, ExportWhat::Bills, ExportWhat::Lines, ExportWhat::Focus];

    pub const fn name(self) -> &'static str {
        match self {
            ExportWhat::Charges => "charges",
            ExportWhat::Bills => "bills",
            ExportWhat::Lines => "lines",
            ExportWhat::Focus => "focus",
        }
    }

    pub fn parse(name: &str) -> Option<ExportWhat> {
        ExportWhat::ALL.into_iter().find(|what| what.name() == name)
    }

    /// For people's spreadsheets rather than for programs.
    pub const fn is_for_people(self) -> bool {
        match self {
            ExportWhat::Charges | ExportWhat::Bills | ExportWhat::Lines => true,
            ExportWhat::Focus => false,
        }
    }
}

impl FileFormat {
    pub const ALL: [FileFormat; 3] = [FileFormat::Csv, FileFormat::Json, FileFormat::Parquet];

    pub const fn name(self) -> &'static str {
        match self {
            FileFormat::Csv => "csv",
            FileFormat::Json => "json",
            FileFormat::Parquet => "parquet",
        }
    }

    pub fn parse(name: &str) -> Option<FileFormat> {
        FileFormat::ALL.into_iter().find(|format| format.name() == name)
    }

    /// How such a file's name ends.
    pub const fn ending(self) -> &'static str {
        match self {
            FileFormat::Csv => "csv",
            FileFormat::Json => "jsonl",
            FileFormat::Parquet => "parquet",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            FileFormat::Csv => "text/csv; charset=utf-8",
            FileFormat::Json => "application/x-ndjson",
            FileFormat::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl ExportState {
    pub const ALL: [ExportState; 4] =
        [ExportState::Waiting, ExportState::Ready, ExportState::Failed, ExportState::Expired];

    pub const fn name(self) -> &'static str {
        match self {
            ExportState::Waiting => "waiting",
            ExportState::Ready => "ready",
            ExportState::Failed => "failed",
            ExportState::Expired => "expired",
        }
    }

    pub fn parse(name: &str) -> Option<ExportState> {
        ExportState::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What a file is called when it is fetched.
pub fn export_name(cloud: &str, what: ExportWhat, format: FileFormat, id: ExportId) -> String {
    format!("{cloud}-{}-{id}.{}", what.name(), format.ending())
}

/// A link's secret as its holder has it: `fx_live_` or `fx_test_`, the cloud, its id and 256 bits of chance, of which a hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkText {
    /// Of a test cloud.
    pub test: bool,
    pub cloud: String,
    pub id: LinkId,
    secret: [u8; 32],
}

impl LinkText {
    pub fn new(test: bool, cloud: &str, id: LinkId, secret: [u8; 32]) -> LinkText {
        LinkText { test, cloud: cloud.to_owned(), id, secret }
    }

    /// None: it is no such text. It is not said where it is wrong.
    pub fn parse(text: &str) -> Option<LinkText> {
        let mut parts = text.strip_prefix("fx_")?.splitn(4, '_');
        let test = match parts.next()? {
            "live" => false,
            "test" => true,
            _ => return None,
        };
        let cloud = parts.next().filter(|cloud| !cloud.is_empty())?.to_owned();
        let id = Id128::parse(&format!("link_{}", parts.next()?)).ok()?;
        let secret = blake3::Hash::from_hex(parts.next()?).ok()?;
        Some(LinkText { test, cloud, id, secret: *secret.as_bytes() })
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"farthing export link 1");
        hasher.update(&self.id.to_bytes());
        hasher.update(&self.secret);
        *hasher.finalize().as_bytes()
    }

    /// Compared in a time that does not tell how much of it fits.
    pub fn fits(&self, kept: &[u8; 32]) -> bool {
        blake3::Hash::from_bytes(self.hash()) == blake3::Hash::from_bytes(*kept)
    }

    /// The text to hand over.
    pub fn reveal(&self) -> String {
        let id = self.id.to_string();
        let id = id.strip_prefix("link_").unwrap_or(&id);
        let mut text = format!("fx_{}_{}_{id}_", if self.test { "test" } else { "live" }, self.cloud);
        for byte in self.secret {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for LinkText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LinkText({}, {})", self.cloud, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_reads_back_and_shows_its_secret_to_nobody_else() {
        let link = LinkText::new(true, "cloud-one", LinkId::from_bytes([7; 16]), [9; 32]);
        let text = link.reveal();
        assert!(text.starts_with("fx_test_cloud-one_"), "{text}");
        assert_eq!(LinkText::parse(&text), Some(link.clone()));
        assert!(!format!("{link:?}").contains("0909"));
        assert!(link.fits(&link.hash()));
        let other = LinkText::new(true, "cloud-one", link.id, [8; 32]);
        assert!(!other.fits(&link.hash()));
        for wrong in ["", "fx_live", "fx_dead_one_1_2", "fk_live_1_2", &text[..text.len() - 2], &format!("{text}00")] {
            assert_eq!(LinkText::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_read_back() {
        for what in ExportWhat::ALL {
            assert_eq!(ExportWhat::parse(what.name()), Some(what));
        }
        for format in FileFormat::ALL {
            assert_eq!(FileFormat::parse(format.name()), Some(format));
        }
        for state in ExportState::ALL {
            assert_eq!(ExportState::parse(state.name()), Some(state));
        }
    }
}
