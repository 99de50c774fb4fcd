//! The clouds this binary bills for: one folder each under `clouds/`, embedded when it is built.
//!
//! Owns reading and checking `cloud.toml`. So far that is who a cloud is and how it looks; its policy comes with the rules.

mod colour;
mod file;

pub use colour::Colour;
pub use file::CloudError;

use farthing_core::money::{Currency, Locale};
use farthing_core::time::Zone;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../clouds"]
struct Embedded;

/// One cloud, as its file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// The folder's name: lower-case letters, digits and `-`. In addresses, rows and commands.
    pub id: String,
    pub name: String,
    pub currency: Currency,
    pub time_zone: Zone,
    /// The languages its people read, the first one by default.
    pub languages: Vec<Locale>,
    pub legal_name: String,
    pub accent: Colour,
}

impl Cloud {
    /// How its own people expect an amount to look.
    pub fn locale(&self) -> Locale {
        self.languages.first().copied().unwrap_or(Locale::En)
    }
}

/// The clouds whose folders were built in, by name.
pub fn embedded() -> Result<Vec<Cloud>, CloudError> {
    let mut clouds = Vec::new();
    for path in Embedded::iter() {
        if let Some(folder) = path.strip_suffix("/cloud.toml") {
            let bytes = Embedded::get(&path).map(|file| file.data).unwrap_or_default();
            clouds.push(file::read(folder, &String::from_utf8_lossy(&bytes))?);
        }
    }
    clouds.sort_by_key(|cloud| cloud.name.to_lowercase());
    Ok(clouds)
}
