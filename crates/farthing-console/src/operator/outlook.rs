//! What an account has and how long that lasts, in words and in figures, as the engine says it.

use crate::frame::PageError;
use crate::words::figure::{Figure, Notation};
use crate::words::moment::{Moment, date_text};
use farthing_core::time::{Instant, Zone};
use farthing_engine::{AccountStanding, AccountView};

/// An account at an instant, for readers of one zone.
pub(crate) struct Outlook<'a> {
    pub(crate) standing: &'a AccountStanding,
    pub(crate) at: Instant,
    pub(crate) zone: &'a Zone,
    pub(crate) notation: &'a Notation,
}

/// What somebody has to look at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    Parked,
    RanOut,
    Soon,
    Calm,
}

const SECONDS_PER_HOUR: i64 = 3_600;
/// From here on it is worth a look before it has happened.
const SOON_SECONDS: i64 = 3 * 24 * SECONDS_PER_HOUR;

impl Outlook<'_> {
    /// "acme has $41.20. At today's rate it lasts 9 days, until 29 Nov 2026."
    pub(crate) fn sentence(&self) -> Result<String, PageError> {
        let name = &self.standing.name;
        if !self.standing.parked.is_empty() {
            return Ok(format!("{name} cannot be settled: {}.", self.standing.parked));
        }
        let Some(view) = &self.standing.view else { return Ok(format!("{name} cannot be worked out.")) };
        let text = |units: i64| Ok::<_, PageError>(self.notation.full(i128::from(units))?.text);
        let mut sentences = Vec::new();
        match view.ran_out_at {
            Some(since) => {
                let owes = if view.due > 0 { format!(" and owes {}", text(view.due)?) } else { String::new() };
                sentences.push(format!("{name} ran out on {}{owes}.", self.date(since)?));
            }
            None => sentences.push(self.possession(view)?),
        }
        if view.ran_out_at.is_none() {
            sentences.extend(self.duration(view)?);
        }
        let waits = waiting_for_bill(view);
        if waits > 0 {
            sentences.push(format!("{} of use waits for its bill.", text(waits)?));
        }
        Ok(sentences.join(" "))
    }

    /// "acme has $41.20, of which $20.00 is free credit and $3.00 is held."
    fn possession(&self, view: &AccountView) -> Result<String, PageError> {
        let name = &self.standing.name;
        let text = |units: i64| Ok::<_, PageError>(self.notation.full(i128::from(units))?.text);
        let figures = &view.figures;
        if figures.spendable == 0 && view.held == 0 {
            return Ok(match view.due {
                0 => format!("{name} has nothing and owes nothing."),
                due => format!("{name} owes {}.", text(due)?),
            });
        }
        if figures.spendable < 0 {
            return Ok(format!("{name} has used {} more than it has.", text(figures.spendable.saturating_neg())?));
        }
        let mut parts = Vec::new();
        if figures.credit >= figures.spendable {
            parts.push("all of it free credit".to_owned());
        } else if figures.credit > 0 {
            parts.push(format!("of which {} is free credit", text(figures.credit)?));
        }
        if view.held > 0 {
            let of_which = if parts.is_empty() { "of which " } else { "" };
            parts.push(format!("{of_which}{} is held", text(view.held)?));
        }
        let more = if parts.is_empty() { String::new() } else { format!(", {}", parts.join(" and ")) };
        Ok(format!("{name} has {}{more}.", text(figures.spendable)?))
    }

    fn duration(&self, view: &AccountView) -> Result<Option<String>, PageError> {
        Ok(match view.runs_out_at {
            Some(end) if end > self.at => {
                let lasts = length(end.seconds_since(self.at));
                Some(format!("At today's rate it lasts {lasts}, until {}.", self.until(end)?))
            }
            None if view.burn_per_hour > 0 => Some("At today's rate it lasts more than ten years.".to_owned()),
            None if view.figures.spendable > 0 => Some("Nothing runs that is taken off it.".to_owned()),
            Some(_) | None => None,
        })
    }

    /// For a line of a list: "until 29 Nov 2026", "out since 19 Nov 2026", "parked".
    pub(crate) fn in_short(&self) -> Result<String, PageError> {
        if !self.standing.parked.is_empty() {
            return Ok("parked".to_owned());
        }
        let Some(view) = &self.standing.view else { return Ok("unknown".to_owned()) };
        Ok(match (view.ran_out_at, view.runs_out_at) {
            (Some(since), _) => format!("out since {}", self.date(since)?),
            (None, Some(end)) if end <= self.at => "empty".to_owned(),
            (None, Some(end)) => format!("until {}", self.date(end)?),
            (None, None) if view.burn_per_hour > 0 => "for years".to_owned(),
            (None, None) => "nothing runs off it".to_owned(),
        })
    }

    pub(crate) fn urgency(&self) -> Urgency {
        if !self.standing.parked.is_empty() {
            return Urgency::Parked;
        }
        let Some(view) = &self.standing.view else { return Urgency::Parked };
        match (view.ran_out_at, view.runs_out_at) {
            (Some(_), _) => Urgency::RanOut,
            // Whoever has nothing and runs nothing has nothing to lose.
            (None, Some(end)) if end > self.at && end.seconds_since(self.at) < SOON_SECONDS => Urgency::Soon,
            _ => Urgency::Calm,
        }
    }

    /// The numbers behind the sentence, in the order in which they follow from each other.
    pub(crate) fn figures(&self) -> Result<Vec<(&'static str, Figure)>, PageError> {
        let Some(view) = &self.standing.view else { return Ok(Vec::new()) };
        let full = |units: i64| self.notation.full(i128::from(units));
        let mut figures = vec![
            ("Balance", full(view.figures.balance)?),
            ("Accrued", full(view.figures.accrued_prepaid)?),
            ("Held", full(view.held)?),
            ("Available", full(view.available)?),
            ("Due", full(view.due)?),
            ("Rate an hour", self.notation.fine(i128::from(view.burn_per_hour))?),
        ];
        let waits = waiting_for_bill(view);
        if waits > 0 {
            figures.push(("On the next bill", full(waits)?));
        }
        Ok(figures)
    }

    fn date(&self, at: Instant) -> Result<String, PageError> {
        Ok(date_text(self.zone.civil_date_of(at)?))
    }

    /// The hour as well, where the day alone does not say much.
    fn until(&self, end: Instant) -> Result<String, PageError> {
        let moment = Moment::of(end, self.zone)?;
        let near = end.seconds_since(self.at) < 48 * SECONDS_PER_HOUR;
        Ok(if near { format!("{} at {}", moment.date, moment.time) } else { moment.date })
    }
}

/// Used, and never taken off the balance.
pub(crate) fn waiting_for_bill(view: &AccountView) -> i64 {
    view.figures.accrued.saturating_sub(view.figures.accrued_prepaid)
}

/// "9 days", "31 hours", "12 minutes": whole ones, never more than there are.
pub(crate) fn length(seconds: i64) -> String {
    let (number, one) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / SECONDS_PER_HOUR, "hour"),
        _ => (seconds / 60, "minute"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", crate::grouped(number.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::money::{Currency, Locale};
    use farthing_core::settle::Figures;

    const DOLLAR: i64 = 100_000_000;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn view(spendable: i64, runs_out_at: Option<&str>) -> AccountView {
        let balance = spendable * DOLLAR;
        AccountView {
            currency: Currency::USD,
            figures: Figures {
                cash: balance,
                credit: 0,
                debt: 0,
                balance,
                accrued: 0,
                accrued_prepaid: 0,
                spendable: balance,
            },
            held: 0,
            available: balance,
            due: 0,
            burn_per_hour: 0,
            runs_out_at: runs_out_at.map(at),
            ran_out_at: None,
            unbilled: 0,
            rolled: 0,
            parked: String::new(),
            lots: Vec::new(),
        }
    }

    fn told(view: AccountView, parked: &str) -> (String, String, Urgency) {
        let standing = AccountStanding { name: "acme".into(), parked: parked.into(), view: Some(view) };
        let notation = Notation::Money { currency: Currency::USD, locale: Locale::En };
        let zone = Zone::parse("UTC").unwrap();
        let outlook = Outlook { standing: &standing, at: at("2026-11-20T12:00:00Z"), zone: &zone, notation: &notation };
        (outlook.sentence().unwrap(), outlook.in_short().unwrap(), outlook.urgency())
    }

    #[test]
    fn the_first_sentence_says_what_there_is_and_how_long_it_lasts() {
        let check = |view, sentence: &str, short: &str, urgency| {
            assert_eq!(told(view, ""), (sentence.to_owned(), short.to_owned(), urgency));
        };
        check(
            view(41, Some("2026-11-29T13:00:00Z")),
            "acme has $41.00. At today's rate it lasts 9 days, until 29 Nov 2026.",
            "until 29 Nov 2026",
            Urgency::Calm,
        );
        check(
            view(2, Some("2026-11-21T19:30:00Z")),
            "acme has $2.00. At today's rate it lasts 31 hours, until 21 Nov 2026 at 19:30.",
            "until 21 Nov 2026",
            Urgency::Soon,
        );
        check(
            AccountView { held: 3 * DOLLAR, ..view(8, None) },
            "acme has $8.00, of which $3.00 is held. Nothing runs that is taken off it.",
            "nothing runs off it",
            Urgency::Calm,
        );
        let out = AccountView { ran_out_at: Some(at("2026-11-19T08:00:00Z")), due: 2 * DOLLAR, ..view(-2, None) };
        check(out, "acme ran out on 19 Nov 2026 and owes $2.00.", "out since 19 Nov 2026", Urgency::RanOut);
        let mut billed = view(0, None);
        billed.figures.accrued = 7 * DOLLAR;
        check(
            billed,
            "acme has nothing and owes nothing. $7.00 of use waits for its bill.",
            "nothing runs off it",
            Urgency::Calm,
        );
        let mut gift = view(20, Some("2026-11-30T12:00:00Z"));
        gift.figures.credit = 20 * DOLLAR;
        check(
            gift,
            "acme has $20.00, all of it free credit. At today's rate it lasts 10 days, until 30 Nov 2026.",
            "until 30 Nov 2026",
            Urgency::Calm,
        );
    }

    #[test]
    fn an_account_that_cannot_be_settled_says_why() {
        let (sentence, short, urgency) = told(view(5, None), "there is no price for it");
        assert_eq!(sentence, "acme cannot be settled: there is no price for it.");
        assert_eq!((short.as_str(), urgency), ("parked", Urgency::Parked));
    }
}
