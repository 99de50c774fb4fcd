//! What a month will have cost: so far, and what runs now and was counted lately goes on until its end.

/// How fast costs arise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paces {
    /// What runs, an hour.
    pub per_hour: i64,
    /// What use that is counted cost in the last full days, and how many those were.
    pub counted: i64,
    pub counted_days: i64,
    pub so_far: i64,
}

/// With so many seconds of the month to go.
pub fn forecast(paces: &Paces, seconds_left: i64) -> i64 {
    let part = |amount: i64, of: i64| {
        let whole = i128::from(amount).saturating_mul(i128::from(seconds_left.max(0)));
        whole.checked_div(i128::from(of)).and_then(|part| i64::try_from(part).ok()).unwrap_or(0)
    };
    let counted = part(paces.counted, paces.counted_days.saturating_mul(86_400));
    paces.so_far.saturating_add(part(paces.per_hour, 3_600)).saturating_add(counted)
}
