//! Each fact of a set-up, judged: what it is, whether it is well, what to do if not. Values in, a sentence out.

use super::{Check, State};
use crate::serve::StripeFacts;
use farthing_console::grouped;
use farthing_core::time::Instant;
use farthing_store::{Epoch, KeyRow, ParkedRow, PostgresSettings};
use std::path::Path;
use std::time::Duration;

const MIB: u64 = 1 << 20;
/// Below this no server goes on for long.
const FREE_MIN: u64 = 512 * MIB;
/// A log longer than this is kept from beginning anew by somebody who reads.
const LOG_MAX: u64 = 1024 * MIB;
/// A commit waits for the disk: slower than this is felt, and twice as slow as that is no place for a ledger.
const SYNC_SLOW: Duration = Duration::from_millis(10);
const SYNC_BAD: Duration = Duration::from_millis(100);
/// No disk is as fast as this: what was written is still in memory.
const SYNC_UNREAL: Duration = Duration::from_micros(15);
/// What is due is done within a second; a minute is late, an hour is money that runs up unseen.
const LATE_SECONDS: i64 = 60;
const LATE_BAD_SECONDS: i64 = 3_600;
const UNUSED_DAYS: i64 = 90;
/// Clocks of two machines may differ by so much.
const CLOCKS_SECONDS: i64 = 5;
/// PostgreSQL's oldest version that is still looked after.
const POSTGRES_MIN: i64 = 140_000;

pub(super) fn clock(newest: Option<Instant>, now: Instant) -> Check {
    match newest {
        Some(newest) if newest > now => Check::bad(
            "clock",
            format!("this machine says {}, but the newest record is of {}", now.floor_second(), newest.floor_second()),
            "set the clock right, or open the store that belongs to it: until then no server starts",
        ),
        Some(newest) => {
            Check::ok("clock", format!("{}; the newest record is of {}", now.floor_second(), newest.floor_second()))
        }
        None => Check::ok("clock", format!("{}; nothing is recorded yet", now.floor_second())),
    }
}

pub(super) fn disk(free: u64, store: u64) -> Check {
    let told = format!("{} MiB free beside a store of {} MiB", grouped(free / MIB), grouped(store.div_ceil(MIB)));
    if free < FREE_MIN {
        return Check::bad(
            "disk",
            told,
            "make room, or move the store to a larger disk: a full disk stops all billing",
        );
    }
    if free < store.saturating_add(FREE_MIN) {
        return Check::warn("disk", told, "make room: neither a backup beside it nor another month of growth may fit");
    }
    Check::ok("disk", told)
}

pub(super) fn sync(median: Duration) -> Check {
    let told =
        format!("a commit waits {} µs for the disk", grouped(u64::try_from(median.as_micros()).unwrap_or(u64::MAX)));
    if median > SYNC_BAD {
        return Check::bad("fsync", told, "put the store on a local disk: nothing is answered faster than that");
    }
    if median > SYNC_SLOW {
        return Check::warn("fsync", told, "put the store on a faster local disk: each authorisation waits so long");
    }
    if median < SYNC_UNREAL {
        return Check::warn(
            "fsync",
            format!("{told}, faster than any disk"),
            "a store in memory, or on a disk that does not sync, loses money at a power cut: move it",
        );
    }
    Check::ok("fsync", told)
}

pub(super) fn log(bytes: u64) -> Check {
    let told = format!("the write-ahead log has {} MiB", grouped(bytes.div_ceil(MIB)));
    if bytes > LOG_MAX {
        let remedy = "end whatever reads this file for hours, such as another program that has it open";
        return Check::warn("log", told, remedy);
    }
    Check::ok("log", told)
}

/// The modes of a store's files.
pub(super) fn permissions(files: &[(&Path, u32)]) -> Check {
    let worst = |bits: u32| files.iter().find(|(_, mode)| mode & bits != 0);
    let remedy = || {
        let names: Vec<String> = files.iter().map(|(path, _)| path.display().to_string()).collect();
        format!("chmod 600 {}", names.join(" "))
    };
    if let Some((path, mode)) = worst(0o007) {
        let told = format!("everybody on this machine can open {} (mode {:o})", path.display(), mode & 0o777);
        return Check::bad("permissions", told, remedy());
    }
    if let Some((path, mode)) = worst(0o070) {
        let told = format!("its group can open {} (mode {:o})", path.display(), mode & 0o777);
        return Check::warn("permissions", told, remedy());
    }
    Check::ok("permissions", "the store is its owner's alone")
}

/// Each cloud with its newest version, or why it cannot be read.
pub(super) fn clouds(clouds: &[(String, Result<i64, String>)]) -> Check {
    if clouds.is_empty() {
        return Check::warn("clouds", "no cloud is configured", "put one in force: farthing apply FOLDER --store …");
    }
    let broken: Vec<String> =
        clouds.iter().filter_map(|(name, known)| known.as_ref().err().map(|why| format!("{name}: {why}"))).collect();
    if !broken.is_empty() {
        return Check::bad(
            "clouds",
            broken.join("; "),
            "apply a corrected version, or run the Farthing that applied it: such a cloud is not billed",
        );
    }
    let known = clouds.iter().map(|(name, known)| format!("{name} (version {})", known.as_ref().copied().unwrap_or(0)));
    Check::ok("clouds", known.collect::<Vec<_>>().join(", "))
}

pub(super) fn keys(cloud: &str, keys: &[KeyRow], now: Instant) -> Check {
    let good: Vec<&KeyRow> =
        keys.iter().filter(|key| key.revoked.is_none() && key.expires.is_none_or(|expires| now < expires)).collect();
    if good.is_empty() {
        return Check::warn(
            "keys",
            format!("{cloud} has no key that opens anything"),
            format!("farthing keys create {cloud} --name … --scope ingest"),
        );
    }
    let named = |keys: &[&&KeyRow]| keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>().join(", ");
    let idle_since = |key: &KeyRow| key.last_used.unwrap_or(key.created);
    let unused: Vec<&&KeyRow> =
        good.iter().filter(|key| now.seconds_since(idle_since(key)) > UNUSED_DAYS * 86_400).collect();
    if !unused.is_empty() {
        return Check::warn(
            "keys",
            format!("{cloud}: not used for {UNUSED_DAYS} days: {}", named(&unused)),
            format!("revoke what nobody needs: farthing keys revoke {cloud} {}", unused[0].id),
        );
    }
    let endless: Vec<&&KeyRow> = good.iter().filter(|key| key.expires.is_none()).collect();
    if !endless.is_empty() {
        return Check::warn(
            "keys",
            format!("{cloud}: good for ever: {}", named(&endless)),
            format!("make others that end (farthing keys create {cloud} --expires …), then revoke these"),
        );
    }
    Check::ok("keys", format!("{cloud}: {} good, all of them used and with an end", good.len()))
}

pub(super) fn parked(parked: &[ParkedRow]) -> Check {
    let Some(first) = parked.first() else { return Check::ok("parked", "every account can be settled") };
    let more = if parked.len() > 1 { format!(", and {} more", parked.len() - 1) } else { String::new() };
    Check::bad(
        "parked",
        format!("{} of {} cannot be settled ({}){more}", first.name, first.cloud, first.why),
        "farthing accounts parked shows them all; mend what it tells, then farthing accounts retry",
    )
}

pub(super) fn sandbox(on: bool) -> Option<Check> {
    let remedy = "leave it out where customers pay: what comes in there is nobody's money";
    on.then(|| Check::warn("payments", "payments.sandbox is on: clouds without a provider pretend", remedy))
}

/// `known`: the store has such a cloud.
pub(super) fn stripe(facts: &StripeFacts, known: bool) -> Vec<Check> {
    let cloud = &facts.cloud;
    if let Some(trouble) = &facts.trouble {
        return vec![Check::bad("stripe", trouble.clone(), "mend it: until then no server starts with these settings")];
    }
    let mut checks = Vec::new();
    if !known {
        let told = format!("the settings name a cloud {cloud:?}, which the store has not");
        checks.push(Check::bad(
            "stripe",
            told,
            "write its id as `farthing versions` knows it, or apply its files first",
        ));
    }
    if !facts.key_has_form {
        let remedy = "copy the secret key (sk_live_…), or better a restricted one (rk_live_…), from Stripe's dashboard";
        checks.push(Check::bad("stripe", format!("{cloud}: what stands there is no secret key of Stripe's"), remedy));
    }
    if !facts.webhooks_have_form {
        let remedy = "copy the endpoint's signing secret (whsec_…) from Stripe's dashboard";
        checks.push(Check::bad("stripe", format!("{cloud}: what stands there is no webhook secret"), remedy));
    }
    if let Some((path, mode)) = facts.files.iter().find(|(_, mode)| mode & 0o077 != 0) {
        let told = format!("{cloud}: others can open {} (mode {:o})", path.display(), mode & 0o777);
        checks.push(Check::bad("stripe", told, format!("chmod 600 {}", path.display())));
    }
    if facts.test_key {
        let remedy = "fine for trying; where customers pay, put the live key there";
        checks.push(Check::warn("stripe", format!("{cloud}: its key is one of Stripe's test mode"), remedy));
    }
    if let Some(base) = &facts.api_base {
        let remedy = "leave api_base out: it is for tests";
        checks.push(Check::warn("stripe", format!("{cloud}: not Stripe is asked but {base}"), remedy));
    }
    if checks.is_empty() {
        checks.push(Check::ok(
            "stripe",
            format!("{cloud}: its key and its webhook secret are there, their owner's alone"),
        ));
    }
    checks
}

/// What is due longest, and who settles until when.
pub(super) fn queue(due: Option<Instant>, settler: Option<(String, Instant)>, now: Instant) -> Check {
    let late = due.map_or(0, |due| now.seconds_since(due));
    let settler = settler.filter(|(_, until)| *until > now);
    let told = match &settler {
        Some((holder, _)) => format!("{holder} settles"),
        None => "no server settles".to_owned(),
    };
    if late > LATE_SECONDS {
        let remedy = match settler {
            Some(_) => "look into that server's log: it says what keeps it",
            None => "start one: farthing serve",
        };
        let told = format!("{told}, and an account is due since {} s", grouped(late.unsigned_abs()));
        let state = if late > LATE_BAD_SECONDS { State::Bad } else { State::Warn };
        return Check { what: "settling", state, told, remedy: Some(remedy.to_owned()) };
    }
    match settler {
        Some(_) => Check::ok("settling", format!("{told}; nothing is late")),
        None => Check::warn("settling", format!("{told}; nothing is late yet"), "start one: farthing serve"),
    }
}

pub(super) fn epoch(epoch: Option<&Epoch>) -> Check {
    match epoch {
        None => Check::ok("epoch", "none yet: the first server begins it"),
        Some(epoch) if epoch.accepted => {
            Check::ok("epoch", format!("{}, accepted: effects leave this store", epoch.number))
        }
        Some(epoch) => Check::bad(
            "epoch",
            format!("{} ({}) is not accepted: nothing leaves this store", epoch.number, epoch.reason),
            "if this is the living one and the original is stopped: farthing accept",
        ),
    }
}

pub(super) fn postgres(settings: &PostgresSettings, now: Instant) -> Vec<Check> {
    let version = format!("PostgreSQL {}.{}", settings.version / 10_000, settings.version % 10_000);
    let mut checks = vec![if settings.version < POSTGRES_MIN {
        Check::warn("postgres", version, "move to a version that is still looked after: 14 or newer")
    } else {
        Check::ok("postgres", version)
    }];
    let off = |setting: &str| setting == "off";
    if settings.in_recovery {
        let remedy = "name the server that writes in --store";
        checks.push(Check::bad("postgres", "this server only follows another: nothing can be written", remedy));
    }
    for (name, setting) in [
        ("synchronous_commit", &settings.synchronous_commit),
        ("fsync", &settings.fsync),
        ("full_page_writes", &settings.full_page_writes),
    ] {
        if off(setting) {
            checks.push(Check::bad(
                "postgres",
                format!("{name} is off: what was answered can be lost at a power cut"),
                format!("ALTER SYSTEM SET {name} = 'on'; SELECT pg_reload_conf()"),
            ));
        }
    }
    if settings.max_connections < 32 {
        checks.push(Check::warn(
            "postgres",
            format!("max_connections is {}: one server takes 16", settings.max_connections),
            "ALTER SYSTEM SET max_connections = 100, then start PostgreSQL again",
        ));
    }
    let apart = settings.now.seconds_since(now);
    if apart.abs() > CLOCKS_SECONDS {
        checks.push(Check::warn(
            "clock",
            format!("PostgreSQL's clock and this machine's are {} s apart", apart.abs()),
            "let both follow a time server",
        ));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;
    use farthing_core::access::{KeyId, Scope, Scopes};
    use farthing_core::time::Duration as Seconds;

    const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);

    fn ago(seconds: i64) -> Instant {
        NOW.checked_sub(Seconds::try_from_seconds(seconds).unwrap()).unwrap()
    }

    fn check(check: &Check, state: State, told: &str) {
        assert_eq!(check.state, state, "{check:?}");
        assert!(check.told.contains(told), "{check:?}");
        // Whoever is told that something is wrong is told what to do.
        assert_eq!(check.remedy.is_some(), state != State::Ok, "{check:?}");
    }

    #[test]
    fn the_clock_is_not_behind_what_was_recorded() {
        check(&clock(Some(ago(5)), NOW), State::Ok, "newest record");
        check(&clock(None, NOW), State::Ok, "nothing is recorded");
        check(&clock(Some(NOW), ago(5)), State::Bad, "but the newest record is of 2027-01-15T08:00:00Z");
    }

    #[test]
    fn disks_have_room_and_are_neither_slow_nor_too_fast() {
        check(&disk(100 * MIB, MIB), State::Bad, "100 MiB free");
        check(&disk(2_000 * MIB, 1_900 * MIB), State::Warn, "2,000 MiB free");
        check(&disk(9_000 * MIB, 1_900 * MIB), State::Ok, "a store of 1,900 MiB");
        check(&sync(Duration::from_micros(2)), State::Warn, "faster than any disk");
        check(&sync(Duration::from_micros(180)), State::Ok, "180 µs");
        check(&sync(Duration::from_millis(30)), State::Warn, "30,000 µs");
        check(&sync(Duration::from_millis(300)), State::Bad, "300,000 µs");
        check(&log(64 * MIB), State::Ok, "64 MiB");
        check(&log(4_000 * MIB), State::Warn, "4,000 MiB");
    }

    #[test]
    fn a_store_is_its_owners_alone() {
        let path = Path::new("f.db");
        check(&permissions(&[(path, 0o100_600)]), State::Ok, "alone");
        check(&permissions(&[(path, 0o100_640)]), State::Warn, "its group can open f.db (mode 640)");
        let wide = permissions(&[(path, 0o100_600), (Path::new("f.db-wal"), 0o100_644)]);
        check(&wide, State::Bad, "everybody on this machine can open f.db-wal (mode 644)");
        assert_eq!(wide.remedy.as_deref(), Some("chmod 600 f.db f.db-wal"));
    }

    #[test]
    fn clouds_can_be_read() {
        check(&clouds(&[]), State::Warn, "no cloud");
        check(&clouds(&[("one".into(), Ok(3))]), State::Ok, "one (version 3)");
        check(&clouds(&[("one".into(), Ok(3)), ("two".into(), Err("odd".into()))]), State::Bad, "two: odd");
    }

    #[test]
    fn keys_end_and_are_used() {
        let key = |name: &str, expires: Option<Instant>, used: Option<Instant>| KeyRow {
            id: KeyId::from_bytes([7; 16]),
            cloud: "one".into(),
            name: name.into(),
            test: false,
            scopes: Scopes::of(&[Scope::Read]),
            per_second: 0,
            hash: [0; 32],
            old: None,
            created: ago(200 * 86_400),
            expires,
            revoked: None,
            last_used: used,
        };
        let ends = NOW.checked_add(Seconds::try_from_seconds(9).unwrap()).ok();
        let told = |rows: &[KeyRow], state, says: &str| check(&keys("one", rows, NOW), state, says);
        told(&[], State::Warn, "one has no key");
        told(&[key("old", Some(ago(9)), Some(NOW))], State::Warn, "one has no key");
        told(&[key("ci", ends, Some(NOW))], State::Ok, "1 good");
        told(&[key("ci", None, Some(NOW))], State::Warn, "good for ever: ci");
        told(&[key("ci", ends, None)], State::Warn, "not used for 90 days: ci");
    }

    #[test]
    fn stripe_has_its_secrets_and_nobody_else_has() {
        let good = StripeFacts {
            cloud: "acme".into(),
            trouble: None,
            test_key: false,
            key_has_form: true,
            webhooks_have_form: true,
            files: vec![("/etc/key".into(), 0o100_600)],
            api_base: None,
        };
        let told = |facts: &StripeFacts, known: bool, state: State, says: &str| {
            let checks = stripe(facts, known);
            assert_eq!(checks.len(), 1, "{checks:?}");
            check(&checks[0], state, says);
        };
        told(&good, true, State::Ok, "acme: its key");
        told(&good, false, State::Bad, "which the store has not");
        told(&StripeFacts { trouble: Some("gone".into()), ..good.clone() }, true, State::Bad, "gone");
        told(&StripeFacts { key_has_form: false, ..good.clone() }, true, State::Bad, "no secret key");
        told(&StripeFacts { webhooks_have_form: false, ..good.clone() }, true, State::Bad, "no webhook secret");
        let open = StripeFacts { files: vec![("/etc/key".into(), 0o100_644)], ..good.clone() };
        told(&open, true, State::Bad, "others can open /etc/key (mode 644)");
        told(&StripeFacts { test_key: true, ..good.clone() }, true, State::Warn, "test mode");
        told(
            &StripeFacts { api_base: Some("http://x".into()), ..good },
            true,
            State::Warn,
            "not Stripe is asked but http://x",
        );
        assert_eq!(sandbox(false), None);
        check(&sandbox(true).unwrap(), State::Warn, "pretend");
    }

    #[test]
    fn accounts_are_settled_in_time() {
        check(&parked(&[]), State::Ok, "every account");
        let row = |name: &str| ParkedRow { cloud: "one".into(), name: name.into(), why: "odd".into() };
        check(&parked(&[row("acme"), row("beta")]), State::Bad, "acme of one cannot be settled (odd), and 1 more");
        let settler = |until| Some(("host:7".to_owned(), until));
        let later = NOW.checked_add(Seconds::try_from_seconds(9).unwrap()).unwrap();
        check(&queue(None, settler(later), NOW), State::Ok, "host:7 settles; nothing is late");
        check(&queue(Some(ago(5)), settler(ago(1)), NOW), State::Warn, "no server settles; nothing is late yet");
        check(&queue(Some(ago(100)), settler(later), NOW), State::Warn, "due since 100 s");
        check(&queue(Some(ago(5_000)), None, NOW), State::Bad, "due since 5,000 s");
    }

    #[test]
    fn a_copy_nobody_has_accepted_is_told() {
        let row = |accepted| Epoch { number: 2, id: [0; 16], begun: NOW, reason: "restored from a".into(), accepted };
        check(&epoch(None), State::Ok, "none yet");
        check(&epoch(Some(&row(true))), State::Ok, "2, accepted");
        check(&epoch(Some(&row(false))), State::Bad, "2 (restored from a) is not accepted");
    }

    #[test]
    fn postgres_is_durable_and_on_time() {
        let good = PostgresSettings {
            version: 170_002,
            synchronous_commit: "on".into(),
            fsync: "on".into(),
            full_page_writes: "on".into(),
            max_connections: 100,
            in_recovery: false,
            now: NOW,
        };
        assert_eq!(postgres(&good, NOW), [Check::ok("postgres", "PostgreSQL 17.2")]);
        let bad = PostgresSettings { synchronous_commit: "off".into(), max_connections: 20, now: ago(60), ..good };
        let told: Vec<(State, String)> =
            postgres(&bad, NOW).into_iter().map(|check| (check.state, check.told)).collect();
        assert_eq!(told.len(), 4);
        assert_eq!(told[1].0, State::Bad);
        assert!(told[1].1.starts_with("synchronous_commit is off"), "{told:?}");
        assert_eq!(told[3], (State::Warn, "PostgreSQL's clock and this machine's are 60 s apart".to_owned()));
    }
}
