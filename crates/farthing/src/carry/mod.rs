//! Carries messages out of the outbox: webhooks over HTTP, mails over SMTP. And asks payment providers.
//!
//! Owns the connections and what a mail looks like. What is sent, when, and what follows from an answer are the engine's.

mod directory;
mod letter;
mod smtp;
mod stripe;
mod webhook;

pub(crate) use directory::is_safe;
pub use directory::{DirectorySettings, Errand, OidcDirectory};
pub use letter::Letter;
pub use smtp::{MailServer, Password, Postman};
pub use stripe::StripeProvider;
pub use webhook::WebhookCarrier;

use farthing_core::notice::Reach;
use farthing_core::time::Instant;
use farthing_engine::{Carried, Carrier, Outcome, Parcel, To};

/// Everything that a server sends with.
#[derive(Debug)]
pub struct Carriers {
    webhooks: WebhookCarrier,
    /// None: no mail server was named.
    mail: Option<Postman>,
}

impl Carriers {
    pub fn new(reach: Reach, mail: Option<Postman>) -> Carriers {
        Carriers { webhooks: WebhookCarrier::new(reach), mail }
    }
}

impl Carrier for Carriers {
    fn carry(&self, parcel: &Parcel, now: Instant) -> Carried {
        match (&parcel.to, &self.mail) {
            (To::Webhook(hook), _) => self.webhooks.carry(parcel, hook, now),
            (To::Mail(envelope), Some(mail)) => mail.carry(parcel, envelope),
            (To::Mail(_), None) => never("no mail server is set up: name one in the server's settings, mail.smtp"),
            (To::Nobody(why), _) => never(why),
        }
    }
}

fn never(why: &str) -> Carried {
    Carried { outcome: Outcome::Never, status: None, answer: why.to_owned() }
}
