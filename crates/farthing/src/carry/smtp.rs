//! Mails over SMTP: with TLS unless the server is on this machine and wants no password, with an id made of the message's, so that a
//! repeat is known as one.

use super::letter::Letter;
use super::never;
use crate::failure::Failure;
use crate::paper::{self, Made};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farthing_engine::{Carried, Enclosed, Envelope, Outcome, Parcel};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{Address, SmtpTransport, Transport};
use std::fmt;
use std::time::Duration;

/// For each of a conversation's steps.
const STEP: Duration = Duration::from_secs(15);

/// It is shown nowhere.
#[derive(Clone)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password(…)")
    }
}

/// Where mails are handed in.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// `smtps://host:465`, or `smtp://host:587`, which begins in the clear and must offer STARTTLS unless it is this machine and wants no
    /// password.
    pub url: String,
    /// Everything in the clear, the password too: somebody has said that nobody listens on the way.
    pub in_the_clear: bool,
    /// Whose certificates are believed besides those that everybody believes, as PEM.
    pub authority: Option<Vec<u8>>,
    /// Whom mails come from, where the cloud does not say it.
    pub from: Option<String>,
    pub user: Option<String>,
    pub password: Option<Password>,
}

/// Hands mails in.
#[derive(Debug)]
pub struct Postman {
    transport: SmtpTransport,
    from: Option<Address>,
    /// As it may come back in what a server says.
    secrets: Vec<String>,
}

impl Postman {
    pub fn new(server: &MailServer) -> Result<Postman, Failure> {
        let wrong = || "mail.smtp is no mail server: write smtps://mail.example.com:465 or smtp://mail.example.com:587";
        let (scheme, rest) = server.url.split_once("://").ok_or_else(wrong)?;
        let authority = rest.trim_end_matches('/');
        if authority.contains(['@', '/', '?']) {
            return Err("mail.smtp names a server and a port only: the user goes into mail.user".into());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse::<u16>().map_err(|_| wrong())?)),
            None => (authority, None),
        };
        if host.is_empty() {
            return Err(wrong().into());
        }
        let here = matches!(host, "localhost" | "127.0.0.1");
        let tls = || -> Result<TlsParameters, Failure> {
            let mut tls = TlsParameters::builder(host.to_owned());
            if let Some(authority) = &server.authority {
                let told = |error| format!("mail.authority_file holds no certificates: {error}");
                tls = tls.add_root_certificate(Certificate::from_pem(authority).map_err(told)?);
            }
            Ok(tls.build()?)
        };
        let plain = SmtpTransport::builder_dangerous(host);
        let builder = match scheme {
            "smtps" if server.in_the_clear => {
                return Err("mail.tls = \"off\" says the contrary of smtps: write smtp://".into());
            }
            "smtps" => plain.port(SUBMISSIONS_PORT).tls(Tls::Wrapper(tls()?)),
            "smtp" if server.in_the_clear => plain,
            // Nobody listens on the way to this machine itself, and few mail servers have a certificate for it. But who answers there may
            // be anybody of this machine, and is told no password.
            "smtp" if here && server.password.is_none() && server.authority.is_none() => plain,
            "smtp" => plain.port(SUBMISSION_PORT).tls(Tls::Required(tls()?)),
            _ => return Err(wrong().into()),
        };
        let builder =
            port.into_iter().fold(builder.timeout(Some(STEP)), lettre::transport::smtp::SmtpTransportBuilder::port);
        let builder = match (&server.user, &server.password) {
            (Some(user), Some(Password(password))) => {
                builder.credentials(Credentials::new(user.clone(), password.clone()))
            }
            (None, None) => builder,
            (Some(_), None) => {
                return Err("mail.user has no password: set FARTHING_SMTP_PASSWORD, or mail.password_file".into());
            }
            (None, Some(_)) => return Err("there is a mail password but no mail.user".into()),
        };
        let from = server
            .from
            .as_ref()
            .map(|from| from.parse::<Address>().map_err(|_| format!("mail.from: {from:?} is no address")))
            .transpose()?;
        let secrets = match (&server.user, &server.password) {
            (Some(user), Some(Password(password))) => {
                vec![password.clone(), STANDARD.encode(password), STANDARD.encode(format!("\0{user}\0{password}"))]
            }
            _ => Vec::new(),
        };
        Ok(Postman { transport: builder.build(), from, secrets })
    }

    pub(super) fn carry(&self, parcel: &Parcel, envelope: &Envelope) -> Carried {
        let letter = match Letter::write(parcel, envelope) {
            Ok(Some(letter)) => letter,
            Ok(None) => return never("there is no mail template for this type of event"),
            Err(error) => return never(&format!("the mail cannot be written: {error}")),
        };
        // What it tells of goes with it, or it waits: a server that is mended sends it whole.
        let later =
            |why: String| Carried { outcome: Outcome::NotTaken { pause_seconds: None }, status: None, answer: why };
        let enclosed = match &envelope.enclosed {
            Enclosed::Nothing => None,
            Enclosed::Unread(why) => return later(format!("the document cannot be read: {why}")),
            Enclosed::Document(paper) => match paper::make(paper, paper::Format::Pdf) {
                Ok(made) => Some(made),
                Err(error) => return later(error.to_string()),
            },
        };
        let message = match self.message(parcel, envelope, letter, enclosed) {
            Ok(message) => message,
            Err(why) => return never(&why),
        };
        match self.transport.send(&message) {
            Ok(response) => {
                let status = u16::from(response.code());
                let answer = response.message().collect::<Vec<_>>().join(" ");
                Carried { outcome: Outcome::Taken, status: Some(status), answer: self.told(answer) }
            }
            Err(error) => {
                let status = error.status().map(u16::from);
                // What the server says of this mail or its reader stays so; everything else (the server itself, our password) may mend.
                let refused = matches!(status, Some(550..=554));
                let outcome = if refused { Outcome::Never } else { Outcome::NotTaken { pause_seconds: None } };
                Carried { outcome, status, answer: self.told(farthing_store::chain_of(&error)) }
            }
        }
    }

    /// What a server said, for whoever looks at deliveries: some repeat what they were told.
    fn told(&self, answer: String) -> String {
        self.secrets.iter().fold(answer, |answer, secret| answer.replace(secret, "…"))
    }

    fn message(
        &self,
        parcel: &Parcel,
        envelope: &Envelope,
        letter: Letter,
        enclosed: Option<Made>,
    ) -> Result<Message, String> {
        let own = envelope.policy.brand.sender.as_ref().and_then(|sender| sender.to_string().parse::<Address>().ok());
        let from = own.or_else(|| self.from.clone());
        let from = from.ok_or("nobody to send as: the cloud's brand.sender or the server's mail.from says who")?;
        let to: Address =
            envelope.address.parse().map_err(|_| "the account's address cannot be written to".to_owned())?;
        let name = Some(envelope.name.clone()).filter(|name| !name.is_empty());
        let id = format!("<{}@{}>", parcel.id, from.domain());
        let machine = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        let told = MultiPart::alternative_plain_html(letter.text, letter.html);
        let body = match enclosed {
            None => told,
            Some(made) => {
                let kind = ContentType::parse(made.media_type).map_err(|error| error.to_string())?;
                MultiPart::mixed().multipart(told).singlepart(Attachment::new(made.file_name).body(made.bytes, kind))
            }
        };
        Message::builder()
            .from(Mailbox::new(Some(envelope.policy.cloud.name.to_string()), from))
            .to(Mailbox::new(name, to))
            .subject(letter.subject)
            .message_id(Some(id))
            .date_now()
            .raw_header(machine)
            .multipart(body)
            .map_err(|error| format!("the mail cannot be written: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> MailServer {
        let (from, user, password, authority) = (None, None, None, None);
        MailServer { url: url.to_owned(), from, user, password, authority, in_the_clear: false }
    }

    #[test]
    fn a_mail_server_is_told_with_what_is_wrong() {
        for url in ["smtp://localhost:2525", "smtps://mail.example.com", "smtp://mail.example.com:587/"] {
            Postman::new(&server(url)).unwrap();
        }
        let told = |server: MailServer| Postman::new(&server).unwrap_err().to_string();
        assert!(told(server("mail.example.com")).contains("smtps://"));
        assert!(told(server("http://mail.example.com")).contains("smtps://"));
        assert!(told(server("smtp://anna:secret@mail.example.com")).contains("mail.user"));
        let user = MailServer { user: Some("anna".into()), ..server("smtps://mail.example.com") };
        assert!(told(user).contains("FARTHING_SMTP_PASSWORD"));
        let from = MailServer { from: Some("anna".into()), ..server("smtps://mail.example.com") };
        assert!(told(from).contains("mail.from"));
        let both = MailServer { in_the_clear: true, ..server("smtps://mail.example.com") };
        assert!(told(both).contains("mail.tls"));
        let authority =
            MailServer { authority: Some(b"-----BEGIN CERTIFICATE-----\n!".to_vec()), ..server("smtp://localhost") };
        assert!(told(authority).contains("mail.authority_file"));
    }

    #[test]
    fn a_password_is_not_shown_by_accident() {
        let whole = MailServer {
            user: Some("anna".into()),
            password: Some(Password("hunter2".into())),
            ..server("smtps://mail.example.com")
        };
        assert!(!format!("{whole:?}").contains("hunter2"));
    }
}
