//! What a mail says: a subject, a text, and the same as HTML, in the reader's language.
//!
//! Templates are built in for English and Chinese; a cloud has its own as files of its folder, `mail/<type>.<language>.txt`, and
//! `.html` beside it where its paragraphs in the common frame are not enough. The first line of a text is its subject.

use farthing_core::money::{Currency, Locale, Money};
use farthing_core::time::{Instant, Zone};
use farthing_engine::{Envelope, Parcel};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde_json::{Map, Value as Json, json};

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// By `<type>.<language>.txt`.
        const BUILT_IN: &[(&str, &str)] = &[$(($name, include_str!(concat!("mail/", $name)))),*];
    };
}

built_in!(
    "account.resumed.en.txt",
    "account.resumed.zh.txt",
    "account.suspended.en.txt",
    "account.suspended.zh.txt",
    "account.things_deleted.en.txt",
    "account.things_deleted.zh.txt",
    "account.things_purged.en.txt",
    "account.things_purged.zh.txt",
    "space.emptied.en.txt",
    "space.emptied.zh.txt",
    "space.grace.en.txt",
    "space.grace.zh.txt",
    "space.in_order.en.txt",
    "space.in_order.zh.txt",
    "step.announced.en.txt",
    "step.announced.zh.txt",
    "account.balance_low.en.txt",
    "account.balance_low.zh.txt",
    "account.month_cost_passed.en.txt",
    "account.month_cost_passed.zh.txt",
    "account.runway_short.en.txt",
    "account.runway_short.zh.txt",
    "account.ran_out.en.txt",
    "account.ran_out.zh.txt",
    "budget.lifted.en.txt",
    "budget.lifted.zh.txt",
    "budget.reached.en.txt",
    "budget.reached.zh.txt",
    "budget.stopped.en.txt",
    "budget.stopped.zh.txt",
    "bill.dispute_ended.en.txt",
    "bill.dispute_ended.zh.txt",
    "bill.due.en.txt",
    "bill.due.zh.txt",
    "bill.issued.en.txt",
    "bill.issued.zh.txt",
    "bill.voided.en.txt",
    "bill.voided.zh.txt",
    "charge.waived.en.txt",
    "charge.waived.zh.txt",
    "credit.expiring.en.txt",
    "credit.expiring.zh.txt",
    "credit.granted.en.txt",
    "credit.granted.zh.txt",
    "credit.lapsed.en.txt",
    "credit.lapsed.zh.txt",
    "credit_note.issued.en.txt",
    "credit_note.issued.zh.txt",
    "debit.announced.en.txt",
    "debit.announced.zh.txt",
    "invoice.issued.en.txt",
    "invoice.issued.zh.txt",
    "invoice.refused.en.txt",
    "invoice.refused.zh.txt",
    "export.ready.en.txt",
    "export.ready.zh.txt",
    "method.expiring.en.txt",
    "method.expiring.zh.txt",
    "money.topped_up.en.txt",
    "money.topped_up.zh.txt",
    "order.expired.en.txt",
    "order.expired.zh.txt",
    "order.voided.en.txt",
    "order.voided.zh.txt",
    "outage.voided.en.txt",
    "outage.voided.zh.txt",
    "outage.withdrawn.en.txt",
    "outage.withdrawn.zh.txt",
    "payment.disputed.en.txt",
    "payment.disputed.zh.txt",
    "payment.failed.en.txt",
    "payment.failed.zh.txt",
    "person.invited.en.txt",
    "person.invited.zh.txt",
    "person.password_asked.en.txt",
    "person.password_asked.zh.txt",
    "person.security_changed.en.txt",
    "person.security_changed.zh.txt",
    "receipt.issued.en.txt",
    "receipt.issued.zh.txt",
    "refill.switched_off.en.txt",
    "refill.switched_off.zh.txt",
    "refund.failed.en.txt",
    "refund.failed.zh.txt",
    "refund.refused.en.txt",
    "refund.refused.zh.txt",
    "refund.sent.en.txt",
    "refund.sent.zh.txt",
    "term.expired.en.txt",
    "term.expired.zh.txt",
    "term.renewal_failed.en.txt",
    "term.renewal_failed.zh.txt",
    "units.lapsed.en.txt",
    "units.lapsed.zh.txt",
    "units.used_up.en.txt",
    "units.used_up.zh.txt",
    "trial.ended.en.txt",
    "trial.ended.zh.txt",
    "trial.ending.en.txt",
    "trial.ending.zh.txt",
    "wallet.low.en.txt",
    "wallet.low.zh.txt",
);

/// The common frame of HTML bodies.
const FRAME: &str = include_str!("mail/frame.html");
const SUBJECT: &str = "Subject:";
/// What is rendered under this name escapes what it shows.
const PAGE: &str = "mail.html";

impl Letter {
    /// Nothing where there is no template for this type of event.
    pub fn write(parcel: &Parcel, envelope: &Envelope) -> Result<Option<Letter>, String> {
        let mut told = None;
        for language in languages(envelope) {
            let name = format!("{}.{language}", parcel.kind);
            let own = envelope.templates.get(&format!("{name}.txt")).map(String::as_str);
            if let Some(text) = own {
                let html = envelope.templates.get(&format!("{name}.html")).map(String::as_str);
                match render(parcel, envelope, &language, text, html) {
                    Ok(letter) => return Ok(Some(letter)),
                    // A cloud's own template with a mistake in it must not keep from its people what they should know.
                    Err(error) => told = Some(format!("mail/{name}: {error}")),
                }
            }
            let file = format!("{name}.txt");
            if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == file) {
                if let Some(error) = told {
                    tracing::warn!(cloud = parcel.cloud, error, "a mail template cannot be used: the built-in one is");
                }
                return render(parcel, envelope, &language, text, None).map(Some);
            }
        }
        told.map_or(Ok(None), Err)
    }
}

/// Which languages to look for, the best first.
fn languages(envelope: &Envelope) -> Vec<String> {
    let own = envelope.language.to_ascii_lowercase().replace('_', "-");
    let base = own.split('-').next().unwrap_or_default().to_owned();
    let clouds = envelope.policy.cloud.languages.iter().map(|locale| locale.language().to_owned());
    let mut wanted: Vec<String> = Vec::new();
    for language in [own, base].into_iter().chain(clouds).chain(["en".to_owned()]) {
        if !language.is_empty() && !wanted.contains(&language) {
            wanted.push(language);
        }
    }
    wanted
}

fn render(
    parcel: &Parcel,
    envelope: &Envelope,
    language: &str,
    template: &str,
    html: Option<&str>,
) -> Result<Letter, String> {
    let locale = Locale::from_tag(language).unwrap_or(Locale::En);
    let mut values = values(parcel, envelope, locale);
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|name| if name == PAGE { AutoEscape::Html } else { AutoEscape::None });
    let told = |error: minijinja::Error| error.to_string();
    let whole = environment.render_named_str("mail.txt", template, Value::from(Serde(&values))).map_err(told)?;
    let (first, text) = whole.split_once('\n').unwrap_or((&whole, ""));
    let subject = first.strip_prefix(SUBJECT).ok_or("its first line is not `Subject: …`")?.trim();
    // A subject is a header: one line, whatever a name in it holds.
    let subject: String = subject.chars().filter(|char| !char.is_control()).collect();
    let subject = if envelope.test { format!("[Test] {subject}") } else { subject };
    let paragraphs: Vec<&str> = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).collect();
    values["subject"] = json!(subject);
    values["paragraphs"] = json!(paragraphs);
    values["language"] = json!(language);
    let html = html.unwrap_or(FRAME);
    let html = environment.render_named_str(PAGE, html, Value::from(Serde(&values))).map_err(told)?;
    let text = paragraphs.join("\n\n") + "\n";
    Ok(Letter { subject, text, html })
}

/// What templates may use: everything the event carries, amounts and times as people of the language read them (as they were sent
/// under `data`), and the cloud's brand.
fn values(parcel: &Parcel, envelope: &Envelope, locale: Locale) -> Json {
    let data: Map<String, Json> = serde_json::from_str(&parcel.data).unwrap_or_default();
    let currency = data.get("currency").and_then(Json::as_str).and_then(|code| Currency::parse(code).ok());
    let zone = &envelope.policy.cloud.time_zone;
    let mut values = Map::new();
    for (name, value) in &data {
        let text = value.as_str().unwrap_or_default();
        let amount = currency.and_then(|currency| Money::parse_amount(text, currency).ok());
        let shown = match (amount, Instant::parse(text)) {
            (Some(amount), _) if is_amount(name) => json!(amount.format(locale)),
            (_, Ok(at)) if name.ends_with("_at") || name == "since" || name == "restorable_until" => {
                json!(moment(at, zone, locale))
            }
            _ => value.clone(),
        };
        values.insert(name.clone(), shown);
    }
    let brand = &envelope.policy.brand;
    values.insert("data".to_owned(), Json::Object(data));
    values.insert("name".to_owned(), json!(envelope.name));
    values.insert("address".to_owned(), json!(envelope.address));
    values.insert("brand".to_owned(), json!(envelope.policy.cloud.name.to_string()));
    values.insert("legal_name".to_owned(), json!(brand.legal_name.to_string()));
    values.insert("support".to_owned(), json!(brand.support.as_ref().map(ToString::to_string)));
    values.insert("accent".to_owned(), json!(accent(envelope)));
    values.insert("id".to_owned(), json!(parcel.id.to_string()));
    Json::Object(values)
}

fn is_amount(name: &str) -> bool {
    matches!(
        name,
        "amount"
            | "arrears"
            | "balance"
            | "accrued"
            | "owed"
            | "available"
            | "captured"
            | "tax"
            | "total"
            | "left"
            | "charge"
            | "credit"
            | "granted"
            | "threshold"
            | "limit"
            | "cost"
            | "burn_per_hour"
    )
}

/// The cloud's colour, as it was given: it is a line in the frame, not a text.
fn accent(envelope: &Envelope) -> String {
    let [red, green, blue] = envelope.policy.brand.accent.map_or([0x9a, 0x4a, 0x1c], |colour| colour.0);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A date and a time of day, with the zone they are of.
fn moment(at: Instant, zone: &Zone, locale: Locale) -> String {
    let Ok((date, time)) = zone.wall_at(at) else { return at.to_string() };
    let minute = time.second_of_day() / 60;
    let clock = format!("{:02}:{:02}", minute / 60, minute % 60);
    match locale {
        Locale::Zh => format!("{}年{}月{}日 {clock}（{}）", date.year(), date.month(), date.day(), zone.name()),
        Locale::En | Locale::Ja | Locale::Ko | Locale::De | Locale::Fr => {
            format!("{} {} {} at {clock} {}", date.day(), date.month_name(), date.year(), zone.name())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::config::Source;
    use farthing_core::notice::{Event, EventType, samples};
    use farthing_core::profile::Profile;
    use farthing_engine::Enclosed;
    use std::sync::Arc;

    const POLICY: &str = "[cloud]\nid = \"one\"\nname = \"Cloud One\"\ncurrency = \"USD\"\ntime_zone = \"Asia/Shanghai\"\nlanguages = [\"en\"]\n\n\
        [brand]\nlegal_name = \"Cloud One Ltd\"\nsupport = \"help@one.example\"\n";

    fn envelope(language: &str, templates: &[(&str, &str)]) -> Envelope {
        let profile = Profile::read(&Source::new("cloud.toml", POLICY), None).profile.unwrap();
        Envelope {
            name: "Ada <b>".to_owned(),
            address: "ada@acme.example".to_owned(),
            language: language.to_owned(),
            policy: Arc::new(profile.policy),
            templates: Arc::new(templates.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect()),
            test: false,
            enclosed: Enclosed::Nothing,
        }
    }

    fn letter(event: &Event, envelope: &Envelope) -> Result<Option<Letter>, String> {
        let parcel = Parcel::sample(event, envelope.clone());
        Letter::write(&parcel, envelope)
    }

    fn ran_out() -> Event {
        samples().into_iter().find(|event| event.kind() == EventType::AccountRanOut).unwrap()
    }

    #[test]
    fn everything_people_hear_of_has_its_mail_in_both_languages() {
        for event in samples().iter().filter(|event| event.kind().is_mailed()) {
            for (language, word) in [("en", " "), ("zh-CN", "账户"), ("fr", " "), ("", " ")] {
                let written = letter(event, &envelope(language, &[])).unwrap().unwrap();
                assert!(!written.subject.is_empty() && written.text.contains(word), "{language}: {written:?}");
                assert!(written.text.ends_with("Cloud One · help@one.example\n"), "{written:?}");
                assert!(!written.text.contains("\n\n\n") && !written.text.contains("{{"), "{written:?}");
                assert!(written.html.contains("<p ") && written.html.contains("acme"), "{written:?}");
            }
        }
        let quiet = samples().into_iter().find(|event| !event.kind().is_mailed()).unwrap();
        assert_eq!(letter(&quiet, &envelope("en", &[])), Ok(None));
    }

    #[test]
    fn amounts_and_times_are_as_their_readers_write_them() {
        let event = samples().into_iter().find(|event| event.kind() == EventType::CreditLapsed).unwrap();
        let english = letter(&event, &envelope("en", &[])).unwrap().unwrap();
        assert_eq!(english.subject, "$3.20 of credit on acme has expired");
        assert!(english.text.contains("ended on 18 November 2026 at 19:06 Asia/Shanghai"), "{english:?}");
        let chinese = letter(&event, &envelope("zh", &[])).unwrap().unwrap();
        assert!(
            chinese.text.contains("2026年11月18日 19:06（Asia/Shanghai）") && chinese.text.contains("US$3.20"),
            "{chinese:?}"
        );
    }

    #[test]
    fn a_clouds_own_template_goes_before_and_one_with_a_mistake_aside() {
        let own = (
            "account.ran_out.en.txt",
            "Subject: {{ account }} is\nempty\n\nOwed: {{ owed }}, {{ data.owed }}, {{ name }}\n",
        );
        let written = letter(&ran_out(), &envelope("en", &[own])).unwrap().unwrap();
        assert_eq!(
            (written.subject.as_str(), written.text.as_str()),
            ("acme is", "empty\n\nOwed: $0.00, 0.00, Ada <b>\n")
        );
        assert!(written.html.contains("Ada &lt;b&gt;"), "{}", written.html);
        let page = ("account.ran_out.en.html", "<i>{{ name }}</i>");
        let written = letter(&ran_out(), &envelope("en", &[own, page])).unwrap().unwrap();
        assert_eq!(written.html, "<i>Ada &lt;b&gt;</i>");
        for mistake in ["Subject: {{ nobody }}\n", "Subject: {% if %}\n", "no subject\n"] {
            let wrong = ("account.ran_out.en.txt", mistake);
            let written = letter(&ran_out(), &envelope("en", &[wrong])).unwrap().unwrap();
            assert_eq!(written.subject, "acme has nothing left to spend", "{mistake}");
        }
        // A language of the cloud's own, and a type that has no mail built in.
        let french = ("account.ran_out.fr.txt", "Subject: Plus rien\n\n{{ account }}\n");
        assert_eq!(letter(&ran_out(), &envelope("fr-CA", &[french])).unwrap().unwrap().subject, "Plus rien");
    }
}
