//! A cloud's folder on the disk, or built in: its files as they were written.

use crate::failure::Failure;
use crate::paper::PNG_TEXT;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farthing_console::{HelpTrouble, help_troubles};
use farthing_core::config::{Name, Remark, Severity, Source};
use farthing_core::profile::{CATALOG_FILE, Checked, POLICY_FILE, Profile};
use farthing_documents::Logo;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Component, Path};

/// The files of one cloud.
#[derive(Clone, Debug)]
pub struct Folder {
    /// What the folder is called; the cloud's id must be the same.
    pub name: String,
    pub policy: Source,
    pub catalog: Option<Source>,
    /// Its own mail templates, by their names in the folder: `mail/…`.
    pub mail: BTreeMap<String, String>,
    /// Its help pages and their pictures, by their names in the folder: `help/…`, and what is in `brand.images`.
    pub help: BTreeMap<String, String>,
    /// What `brand.logo` names, by that name, where it is there: an SVG as it is, a PNG as text.
    pub logo: Option<(String, String)>,
}

/// Where a cloud's help pages are, and what their names end with.
const HELP: &str = "help/";
const HELP_ENDS: [&str; 1] = [".md"];
/// What pictures' names end with.
const PICTURE_ENDS: [&str; 2] = [".svg", ".png"];

/// Where a cloud's mail templates are, and what their names end with.
const MAIL: &str = "mail/";
const MAIL_ENDS: [&str; 2] = [".txt", ".html"];

impl Folder {
    /// Reads the files of a folder on the disk.
    pub fn open(path: &Path) -> Result<Folder, Failure> {
        let whole = path.canonicalize().map_err(|error| told(path, &error))?;
        let name = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let read = |file: &str| -> Result<Option<Source>, Failure> {
            let path = path.join(file);
            match std::fs::read(&path) {
                Ok(bytes) => Ok(Some(Source::new(path.display().to_string(), text_of(&path, bytes)?))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(told(&path, &error)),
            }
        };
        let policy = read(POLICY_FILE)?.ok_or_else(|| {
            format!(
                "{} has no {POLICY_FILE}: a cloud is a folder with {POLICY_FILE} and {CATALOG_FILE}",
                path.display()
            )
        })?;
        let logo = logo_name(&policy.text).and_then(|logo| Some((std::fs::read(path.join(&logo)).ok()?, logo)));
        let logo = logo.and_then(|(bytes, name)| Some((name, logo_text(&bytes)?)));
        let mut help = texts_of(path, HELP, &HELP_ENDS)?;
        if let Some(images) = images_name(&policy.text) {
            help.extend(pictures_of(path, &images)?);
        }
        Ok(Folder { name, policy, catalog: read(CATALOG_FILE)?, mail: texts_of(path, MAIL, &MAIL_ENDS)?, help, logo })
    }

    /// The files of a version that was applied.
    pub fn of_version(cloud: &str, files: &BTreeMap<String, String>) -> Result<Folder, Failure> {
        let file = |name: &str| files.get(name).map(|text| Source::new(name, text.clone()));
        let policy =
            file(POLICY_FILE).ok_or_else(|| format!("the version of {cloud} in the store has no {POLICY_FILE}"))?;
        let mail = files.iter().filter(|(name, _)| name.starts_with(MAIL));
        let mail = mail.map(|(name, text)| (name.clone(), text.clone())).collect();
        let logo = logo_name(&policy.text).and_then(|name| Some((name.clone(), files.get(&name)?.clone())));
        let images = images_name(&policy.text).map_or_else(|| HELP.to_owned(), |name| format!("{name}/"));
        let help = files.iter().filter(|(name, _)| name.starts_with(HELP) || name.starts_with(&images));
        let help = help.map(|(name, text)| (name.clone(), text.clone())).collect();
        Ok(Folder { name: cloud.to_owned(), policy, catalog: file(CATALOG_FILE), mail, help, logo })
    }

    /// By the names they have in the folder.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::from([(POLICY_FILE.to_owned(), self.policy.text.clone())]);
        files.extend(self.catalog.as_ref().map(|catalog| (CATALOG_FILE.to_owned(), catalog.text.clone())));
        files.extend(self.mail.clone());
        files.extend(self.help.clone());
        files.extend(self.logo.clone());
        files
    }

    pub fn sources(&self) -> Vec<Source> {
        let help = self.help_pages().map(|(name, text)| Source::new(name.clone(), text.clone()));
        self.catalog.iter().chain([&self.policy]).cloned().chain(help).collect()
    }

    fn help_pages(&self) -> impl Iterator<Item = (&String, &String)> {
        self.help.iter().filter(|(name, _)| name.starts_with(HELP) && HELP_ENDS.iter().any(|end| name.ends_with(end)))
    }

    /// Everything there is to say about the files.
    pub fn check(&self) -> Checked {
        let mut checked = Profile::read(&self.policy, self.catalog.as_ref());
        if let (Some(profile), None) = (&checked.profile, &self.logo)
            && let Some(logo) = &profile.policy.brand.logo
        {
            let remark = Remark {
                severity: Severity::Warning,
                file: self.policy.name.clone(),
                at: profile.policy.brand.places.of("logo"),
                what: format!("documents will be without the logo {:?}: no such PNG or SVG is there", logo.0),
                remedy: format!("put it beside {POLICY_FILE}, of 512 KiB at most"),
            };
            checked.remarks.push(remark);
        }
        for (name, text) in self.help_pages() {
            let remark = |trouble: HelpTrouble| Remark {
                severity: Severity::Error,
                file: name.clone(),
                at: trouble.at,
                what: trouble.what,
                remedy: trouble.remedy,
            };
            checked.remarks.extend(help_troubles(text).into_iter().map(remark));
        }
        if let Some(profile) = &checked.profile
            && profile.policy.cloud.id.as_str() != self.name
        {
            let id = &profile.policy.cloud.id;
            let remedy = match Name::parse(&self.name) {
                Some(_) => format!("write id = {:?}, or call the folder {id}", self.name),
                None => format!("call the folder {id}"),
            };
            checked.remarks.insert(
                0,
                Remark {
                    severity: Severity::Error,
                    file: self.policy.name.clone(),
                    at: profile.policy.cloud.places.of("id"),
                    what: format!("the cloud is called {:?} but its folder {:?}", id.as_str(), self.name),
                    remedy,
                },
            );
        }
        checked
    }

    /// The profile, or everything that is wrong with it as one message.
    pub fn profile(&self) -> Result<Profile, Failure> {
        let sources = self.sources();
        self.check().usable().map_err(|remarks| {
            let errors = remarks.iter().filter(|remark| remark.severity == Severity::Error);
            let rendered: Vec<String> = errors.map(|remark| remark.render(&sources)).collect();
            Failure::from(format!("the files of {} cannot be used\n\n{}", self.name, rendered.join("\n")))
        })
    }
}

/// A logo stands in the configuration of every day, so it is small.
const LOGO_BYTES_MAX: usize = 512 * 1024;

/// What a policy names as its logo: a file below its folder. Whatever else is wrong with the text is told when it is read.
pub(super) fn logo_name(policy: &str) -> Option<String> {
    brand_path(policy, "logo")
}

/// What a policy names as the folder of its help pages' pictures.
pub(super) fn images_name(policy: &str) -> Option<String> {
    brand_path(policy, "images")
}

fn brand_path(policy: &str, key: &str) -> Option<String> {
    let table: toml::Table = policy.parse().ok()?;
    let name = table.get("brand")?.get(key)?.as_str()?;
    let below = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
    below.then(|| name.to_owned())
}

/// As it stands among a version's files, which are texts.
pub(super) fn logo_text(bytes: &[u8]) -> Option<String> {
    if bytes.len() > LOGO_BYTES_MAX {
        return None;
    }
    match Logo::of(bytes.to_vec())? {
        Logo::Svg(bytes) => String::from_utf8(bytes).ok(),
        Logo::Png(bytes) => Some(format!("{PNG_TEXT}{}", STANDARD.encode(bytes))),
    }
}

/// The bytes of a version's file.
pub fn file_bytes(text: &str) -> Cow<'_, [u8]> {
    let decoded = text.strip_prefix(PNG_TEXT).and_then(|coded| STANDARD.decode(coded).ok());
    decoded.map_or(Cow::Borrowed(text.as_bytes()), Cow::Owned)
}

/// The texts in a folder of a cloud's, where there is one: mail templates, help pages. Other files are none of ours: editors leave theirs.
fn texts_of(cloud: &Path, folder: &str, ends: &[&str]) -> Result<BTreeMap<String, String>, Failure> {
    let read = |path: &Path| {
        let bytes = std::fs::read(path).map_err(|error| told(path, &error))?;
        text_of(path, bytes).map(Some)
    };
    files_of(cloud, folder, ends, read)
}

/// Pictures as they stand among a version's files; one that is none, or too large, is left out.
fn pictures_of(cloud: &Path, folder: &str) -> Result<BTreeMap<String, String>, Failure> {
    let read = |path: &Path| Ok(logo_text(&std::fs::read(path).map_err(|error| told(path, &error))?));
    files_of(cloud, &format!("{folder}/"), &PICTURE_ENDS, read)
}

fn files_of(
    cloud: &Path,
    folder: &str,
    ends: &[&str],
    read: impl Fn(&Path) -> Result<Option<String>, Failure>,
) -> Result<BTreeMap<String, String>, Failure> {
    let within = cloud.join(folder);
    let entries = match std::fs::read_dir(&within) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(told(&within, &error)),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| told(&within, &error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if ends.iter().any(|end| name.ends_with(end)) && !name.starts_with('.') {
            files.extend(read(&path)?.map(|text| (format!("{folder}{name}"), text)));
        }
    }
    Ok(files)
}

fn told(path: &Path, error: &std::io::Error) -> Failure {
    format!("{} cannot be read: {error}", path.display()).into()
}

fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
        format!("{} is not UTF-8 in line {line}: save it as UTF-8", path.display()).into()
    })
}
