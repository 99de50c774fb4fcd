//! How old something is that is owed: in the classes that every receivables list has.

use crate::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ageing {
    /// Its time to pay is not over, or it has none.
    NotDue,
    To30,
    To60,
    To90,
    Older,
}

impl Ageing {
    pub const ALL: [Ageing; 5] = [Ageing::NotDue, Ageing::To30, Ageing::To60, Ageing::To90, Ageing::Older];

    pub const fn name(self) -> &'static str {
        match self {
            Ageing::NotDue => "not_due",
            Ageing::To30 => "to_30",
            Ageing::To60 => "to_60",
            Ageing::To90 => "to_90",
            Ageing::Older => "older",
        }
    }
}

/// By whole days that have passed since it was due: 30 are the first class, a second more is the next.
pub fn age_of(due: Option<Instant>, now: Instant) -> Ageing {
    const DAY: i64 = 86_400;
    let Some(due) = due.filter(|due| *due < now) else { return Ageing::NotDue };
    match now.seconds_since(due) {
        ..=2_592_000 => Ageing::To30,
        late if late <= 60 * DAY => Ageing::To60,
        late if late <= 90 * DAY => Ageing::To90,
        _ => Ageing::Older,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_grows_old_by_thirty_days() {
        let now = Instant::parse("2026-11-20T12:00:00Z").unwrap();
        let check = |due: &str, age| assert_eq!(age_of(Some(Instant::parse(due).unwrap()), now), age, "{due}");
        check("2026-11-20T12:00:00Z", Ageing::NotDue);
        check("2026-11-20T11:59:59Z", Ageing::To30);
        check("2026-10-21T12:00:00Z", Ageing::To30);
        check("2026-10-21T11:59:59Z", Ageing::To60);
        check("2026-09-21T11:59:59Z", Ageing::To90);
        check("2026-08-22T11:59:59Z", Ageing::Older);
        assert_eq!(age_of(None, now), Ageing::NotDue);
    }
}
