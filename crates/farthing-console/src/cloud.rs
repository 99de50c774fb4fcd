//! A cloud as pages and commands see it: what its files say, with what is said of it everywhere at hand.

use farthing_core::config::Colour;
use farthing_core::money::{Currency, Locale};
use farthing_core::profile::Profile;
use farthing_core::time::Zone;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The copper of the mark, for a cloud that says no colour.
const COPPER: Colour = Colour([0x9a, 0x4a, 0x1c]);

/// One cloud, as its files say.
#[derive(Clone, Debug, PartialEq)]
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
    pub profile: Arc<Profile>,
    /// What it was read from.
    pub files: BTreeMap<String, String>,
}

impl Cloud {
    pub fn of(profile: impl Into<Arc<Profile>>, files: BTreeMap<String, String>) -> Cloud {
        let profile = profile.into();
        let (cloud, brand) = (&profile.policy.cloud, &profile.policy.brand);
        Cloud {
            id: cloud.id.to_string(),
            name: cloud.name.to_string(),
            currency: cloud.currency,
            time_zone: cloud.time_zone.clone(),
            languages: cloud.languages.clone(),
            legal_name: brand.legal_name.to_string(),
            accent: brand.accent.unwrap_or(COPPER),
            profile,
            files,
        }
    }

    /// Whether it shows a logo of its own in place of the mark.
    pub(crate) fn has_logo(&self) -> bool {
        self.profile.policy.brand.logo.is_some()
    }

    /// How its own people expect an amount to look.
    pub fn locale(&self) -> Locale {
        self.languages.first().copied().unwrap_or(Locale::En)
    }
}
