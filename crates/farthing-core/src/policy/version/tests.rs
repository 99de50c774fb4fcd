//! Which version is in force when, and what an `apply` appends. Seconds are counted from a noon; `now` is in each line.

use super::*;
use crate::ledger::audit::AuditReport;
use proptest::prelude::*;

const NOON: Instant = Instant::from_micros(1_800_000_000_000_000);
const CLOUD: &str = "cloud";

fn second(seconds: i64) -> Instant {
    Instant::from_micros(NOON.micros() + seconds * 1_000_000)
}

fn files(text: &str) -> Files {
    Files::from([("cloud.toml".to_owned(), text.to_owned()), ("catalog.toml".to_owned(), "[products]".to_owned())])
}

fn request(text: &str, starts: Option<i64>, corrects: Option<i64>) -> ApplyRequest {
    ApplyRequest {
        files: files(text),
        who: "anna".into(),
        why: format!("because of {text}"),
        starts: starts.map(second),
        corrects,
    }
}

fn none() -> Versions {
    Versions::try_new(CLOUD, Vec::new()).unwrap()
}

fn and(versions: &Versions, version: Version) -> Versions {
    let list = versions.list().iter().cloned().chain([version]).collect();
    Versions::try_new(CLOUD, list).expect("what is planned fits")
}

/// Applies "now: text", "now: text from 20" (a start), "now: text for 1" (corrects version 1), one after another.
fn history(lines: &[&str]) -> (Versions, String) {
    let mut versions = none();
    let mut told = String::new();
    for line in lines {
        let (now, rest) = line.split_once(": ").unwrap();
        let mut words = rest.split(' ');
        let text = words.next().unwrap();
        let (mut starts, mut corrects) = (None, None);
        while let (Some(word), Some(number)) = (words.next(), words.next()) {
            let slot = if word == "from" { &mut starts } else { &mut corrects };
            *slot = Some(number.parse().unwrap());
        }
        told = match plan_apply(&versions, &request(text, starts, corrects), second(now.parse().unwrap())) {
            Ok(Applied::New(version)) => {
                let told = format!("{} from {}", version.number, version.starts.seconds_since(NOON));
                versions = and(&versions, version);
                told
            }
            Ok(Applied::Unchanged { number }) => format!("unchanged {number}"),
            Err(error) => error.to_string(),
        };
    }
    (versions, told)
}

#[test]
fn each_version_is_in_force_until_the_next_one_starts() {
    fn check(lines: &[&str], timeline: &str) {
        let (versions, _) = history(lines);
        let found: Vec<String> = versions
            .timeline()
            .iter()
            .map(|ruling| {
                let until = ruling.until.map_or(String::new(), |until| until.seconds_since(NOON).to_string());
                format!("{}..{until} v{}", ruling.from.seconds_since(NOON), ruling.version.number)
            })
            .collect();
        assert_eq!(found.join(", "), timeline, "{lines:?}");
    }
    check(&[], "");
    check(&["10: a"], "10.. v1");
    check(&["10: a", "20: b", "30: c"], "10..20 v1, 20..30 v2, 30.. v3");
    check(&["10: a", "20: b from 90"], "10..90 v1, 90.. v2");
    // Before a planned one: in force only until that one.
    check(&["10: a", "20: b from 90", "30: c"], "10..30 v1, 30..90 v3, 90.. v2");
    check(&["10: a", "20: b from 90", "30: c from 60"], "10..60 v1, 60..90 v3, 90.. v2");
    // Of two with one start the later number.
    check(&["10: a", "10: b"], "10.. v2");
    check(&["10: a", "20: b from 90", "30: c from 90"], "10..90 v1, 90.. v3");
    // A correction rules from the start of what it corrects, and that one never does.
    check(&["10: a", "20: b for 1"], "10.. v2");
    check(&["10: a", "20: b", "30: c for 1"], "10..20 v3, 20.. v2");
    check(&["10: a", "20: b", "30: c for 2"], "10..20 v1, 20.. v3");
    check(&["10: a", "20: b", "30: c for 1", "40: d for 3"], "10..20 v4, 20.. v2");
    check(&["10: a", "20: b", "30: c for 1", "40: d"], "10..20 v3, 20..40 v2, 40.. v4");
    check(&["10: a", "20: b from 90", "30: c for 2"], "10..90 v1, 90.. v3");
}

#[test]
fn before_the_first_start_nothing_is_in_force() {
    let (versions, _) = history(&["10: a", "20: b"]);
    let at = |at| versions.in_force_at(second(at)).map(|version| version.number);
    assert_eq!([at(9), at(10), at(19), at(20), at(1_000_000)], [None, Some(1), Some(1), Some(2), Some(2)]);
}

#[test]
fn what_an_apply_answers() {
    fn check(lines: &[&str], answer: &str) {
        assert_eq!(history(lines).1, answer, "{lines:?}");
    }
    check(&["10: a"], "1 from 10");
    check(&["10: a from 10"], "1 from 10");
    check(&["10: a", "20: b from 90"], "2 from 90");
    check(&["10: a", "20: b", "30: c for 1"], "3 from 10");
    check(&["10: a", "20: b", "30: c from 10 for 1"], "3 from 10");
    check(&["10: a", "20: b for 1", "30: a for 2"], "3 from 10");

    // Twice is once.
    check(&["10: a", "20: a"], "unchanged 1");
    check(&["10: a", "20: b from 90", "30: b from 90"], "unchanged 2");
    check(&["10: a", "20: b from 90", "30: b from 95"], "unchanged 2");
    check(&["10: a", "20: b from 90", "30: a from 40"], "unchanged 1");
    check(&["10: a", "20: b from 90", "95: b from 90"], "unchanged 2");
    check(&["10: a", "20: b", "30: a"], "3 from 30");
    check(&["10: a", "20: b from 90", "30: b"], "3 from 30");

    let passed = "the version would start at 2027-01-15T08:00:15Z, and it is 2027-01-15T08:00:30Z already: leave the start out to \
                  start now, or give a later one; if a version was wrong from its beginning, correct that version";
    check(&["10: a", "30: b from 15"], passed);
    check(&["10: a", "20: b", "30: a from 15"], passed);
    check(
        &["10: a", "30: b from 15 for 1"],
        "version 1 starts at 2027-01-15T08:00:10Z, so what corrects it cannot start at 2027-01-15T08:00:15Z: leave the start \
         out, or apply a version that corrects none",
    );
    check(&["10: a for 1"], "there is no version 1 to correct, nor any other: apply a first one");
    check(&["10: a", "20: b", "30: c for 3"], "there is no version 3 to correct: name one of 1 to 2");
    check(&["10: a", "20: b for 0"], "there is no version 0 to correct: name one of 1 to 1");
    check(
        &["10: a", "20: b for -9223372036854775808"],
        "there is no version -9223372036854775808 to correct: name one of 1 to 1",
    );
    let by =
        |number: i64| format!("version 1 was already replaced, by version {number}: correct version {number} instead");
    check(&["10: a", "20: b for 1", "30: c for 1"], &by(2));
    check(&["10: a", "20: b for 1", "30: c for 2", "40: d for 1"], &by(3));
    check(&["10: a", "10: b", "30: c for 1"], &by(2));
    check(
        &["10: a", "20: a for 1"],
        "these are the very files of version 1, so there is nothing to correct: change them and apply again",
    );
}

#[test]
fn what_is_asked_must_be_said() {
    fn check(change: impl FnOnce(&mut ApplyRequest), answer: &str) {
        let mut request = request("a", None, None);
        change(&mut request);
        assert_eq!(plan_apply(&none(), &request, NOON).unwrap_err().to_string(), answer);
    }
    check(|request| request.who = " ".into(), "nobody is named who applies this: name who answers for it");
    check(
        |request| request.why = "\n".into(),
        "no reason is given: say in a sentence why, for those who will read the list of versions",
    );
    check(
        |request| request.files.clear(),
        "there is no file to apply: name the folder that holds the cloud's configuration",
    );
    check(
        |request| request.why = "so\0".into(),
        "the reason has a zero byte in it, which no text has: take it out and apply again",
    );
    check(
        |request| drop(request.files.insert("c.toml".into(), "\0".into())),
        "the file \"c.toml\" has a zero byte in it, which no text has: take it out and apply again",
    );
    check(
        |request| drop(request.files.insert("\0".into(), "c".into())),
        "the file name \"\\0\" has a zero byte in it, which no text has: take it out and apply again",
    );
    check(
        |request| request.starts = Some(Instant::from_micros(i64::MAX)),
        "the version would start at (instant out of range: 9223372036854000000 microseconds): give a start in the years 1970 \
         to 9999",
    );
}

#[test]
fn starts_are_floored_to_the_second_and_records_are_not() {
    let now = Instant::from_micros(NOON.micros() + 700_000);
    for (asked, starts) in [(None, 0), (Some(300_000), 0), (Some(0), 0), (Some(4_999_999), 4)] {
        let asked = asked.map(|micros| Instant::from_micros(NOON.micros() + micros));
        let request = ApplyRequest { starts: asked, ..request("a", None, None) };
        let Ok(Applied::New(version)) = plan_apply(&none(), &request, now) else { panic!("a first version") };
        assert_eq!((version.starts, version.recorded), (second(starts), now), "{asked:?}");
    }
}

#[test]
fn a_list_that_nobody_planned_is_refused() {
    fn check(change: impl FnOnce(&mut Vec<Version>), what: &str) {
        let (versions, _) = history(&["10: a", "20: b", "30: c for 1"]);
        let mut list = versions.list().to_vec();
        change(&mut list);
        assert_eq!(Versions::try_new(CLOUD, list).unwrap_err().to_string(), what);
    }
    check(|list| drop(list.remove(0)), "policy version 2: it stands where version 1 belongs");
    check(|list| list.swap(1, 2), "policy version 3: it stands where version 2 belongs");
    check(|list| list[2].corrects = Some(3), "policy version 3: it corrects version 3, which is not before it");
    check(
        |list| list[2].starts = second(11),
        "policy version 3: it starts at 2027-01-15T08:00:11Z, and version 1, which it corrects, at 2027-01-15T08:00:10Z",
    );
}

/// The rows of a small store, to be changed.
struct Rows {
    files: Vec<(String, i64, String, String, i64)>,
    versions: Vec<(String, Version, i64)>,
}

fn rows() -> Rows {
    let (versions, _) = history(&["10: a", "20: b", "30: c for 1"]);
    let mut rows = Rows { files: Vec::new(), versions: Vec::new() };
    for (version, text) in versions.list().iter().zip(["a", "b", "c"]) {
        rows.versions.push((CLOUD.into(), version.clone(), version.seal(CLOUD)));
        for (name, text) in files(text) {
            let seal = seal_file(CLOUD, version.number, &name, &text);
            rows.files.push((CLOUD.into(), version.number, name, text, seal));
        }
    }
    rows
}

fn found_in(rows: Rows) -> Vec<String> {
    let mut auditor = VersionAuditor::default();
    for (cloud, number, name, text, seal) in &rows.files {
        auditor.file(cloud, *number, name, text, *seal);
    }
    for (cloud, version, seal) in rows.versions {
        auditor.version(&cloud, version, seal);
    }
    let mut report = AuditReport::default();
    auditor.finish(&mut report);
    report.findings.into_iter().map(|finding| format!("{}: {}", finding.row, finding.what)).collect()
}

#[test]
fn a_change_anywhere_is_found_and_the_changed_row_comes_first() {
    fn check(change: impl FnOnce(&mut Rows), found: &[&str]) {
        let mut rows = rows();
        change(&mut rows);
        assert_eq!(found_in(rows), found);
    }
    const SEAL: &str = "it is not what was written: its seal does not fit";
    const CHAIN: &str = "its digest does not follow from the version before it and from what it says";
    const FILES: &str = "its files are not those it was written with";
    let line = |row: &str, what: &str| format!("{row}: {what}");
    let (two, three) = ("policy_version cloud 2", "policy_version cloud 3");
    check(|_| {}, &[]);
    check(|rows| rows.versions[1].1.why.push('!'), &[&line(two, SEAL), &line(two, CHAIN)]);
    check(|rows| rows.versions[1].2 ^= 1, &[&line(two, SEAL)]);
    check(|rows| rows.versions[1].1.digest[0] ^= 1, &[&line(two, CHAIN), &line(three, CHAIN)]);
    // A row rewritten with its seal and its digest: what comes after it tells.
    let rewrite = |rows: &mut Rows| {
        let before = rows.versions[0].1.digest;
        let (cloud, version, seal) = &mut rows.versions[1];
        version.who = "nobody".into();
        version.digest = version.digest_after(cloud, &before);
        *seal = version.seal(cloud);
    };
    check(rewrite, &[&line(three, CHAIN)]);
    let file = "policy_file cloud 1 catalog.toml";
    check(|rows| rows.files[0].3.push('#'), &[&line(file, SEAL), &line("policy_version cloud 1", FILES)]);
    let reseal = |rows: &mut Rows| {
        let (cloud, number, name, text, seal) = &mut rows.files[0];
        text.push('#');
        *seal = seal_file(cloud, *number, name, text);
    };
    check(reseal, &[&line("policy_version cloud 1", FILES)]);
    check(|rows| drop(rows.files.remove(0)), &[&line("policy_version cloud 1", FILES)]);
    let placed = line(three, "it stands where version 2 belongs");
    let (stray, second_stray) = ("policy_file cloud 2 catalog.toml", "policy_file cloud 2 cloud.toml");
    let gone = "there is no version of this number";
    check(|rows| drop(rows.versions.remove(1)), &[&placed, &line(stray, gone), &line(second_stray, gone)]);
}

#[test]
fn no_two_versions_say_the_same() {
    let (versions, _) = history(&["10: a"]);
    let version = versions.list()[0].clone();
    let moved = Version { who: "anna b".into(), why: "ecause of a".into(), ..version.clone() };
    let changed = [
        Version { number: 2, ..version.clone() },
        Version { starts: second(11), ..version.clone() },
        Version { corrects: Some(0), ..version.clone() },
        Version { recorded: second(11), ..version.clone() },
        Version { who: "anna ".into(), why: version.why.clone(), ..version.clone() },
        moved,
        Version { files_digest: [0; 32], ..version.clone() },
    ];
    for other in changed {
        assert_ne!(other.content(CLOUD), version.content(CLOUD), "{other:?}");
    }
    assert_ne!(version.content("cloue"), version.content(CLOUD));
    let texts = |list: &[(&str, &str)]| {
        digest_of_files(&list.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    };
    assert_ne!(texts(&[("a", "b"), ("c", "d")]), texts(&[("a", "d"), ("c", "b")]));
    assert_ne!(texts(&[("a", "b")]), texts(&[("a", "b"), ("c", "")]));
    assert_ne!(texts(&[("ab", "")]), texts(&[("a", "b")]));
}

/// One `apply`: how many seconds after the one before, which text, how far ahead, which version to correct.
type Step = (i64, u8, Option<i64>, Option<i64>);

fn any_step() -> impl Strategy<Value = Step> {
    let ahead = prop::option::weighted(0.4, -2..12_i64);
    let corrects = prop::option::weighted(0.3, 1..8_i64);
    (0..4_i64, 0..4_u8, ahead, corrects)
}

/// Said another way: corrections take away what they correct; what is left rules in turn, the last to begin at one second
/// being the last applied.
fn ruling(versions: &Versions, at: Instant) -> Option<i64> {
    let mut left: Vec<&Version> = Vec::new();
    for version in versions.list() {
        left.retain(|other| Some(other.number) != version.corrects);
        left.push(version);
    }
    left.sort_by_key(|version| version.starts);
    left.into_iter().take_while(|version| version.starts <= at).last().map(|version| version.number)
}

proptest! {
    #[test]
    fn what_is_in_force_is_what_a_naive_reading_says(steps in prop::collection::vec(any_step(), 1..14)) {
        let mut versions = none();
        let mut now = 0;
        for (later, text, ahead, corrects) in steps {
            now += later;
            let asked = request(&text.to_string(), ahead.map(|ahead| now + ahead), corrects);
            let before = versions.clone();
            match plan_apply(&versions, &asked, second(now)) {
                Ok(Applied::New(version)) => {
                    let again = match corrects {
                        None => Ok(Applied::Unchanged { number: version.number }),
                        Some(corrects) => Err(ApplyError::AlreadyReplaced { corrects, by: version.number }),
                    };
                    versions = and(&versions, version);
                    prop_assert_eq!(plan_apply(&versions, &asked, second(now)), again);
                }
                Ok(Applied::Unchanged { number }) => {
                    prop_assert_eq!(versions.get(number).unwrap().files_digest, digest_of_files(&asked.files));
                    prop_assert_eq!(corrects, None);
                }
                Err(_) => {}
            }
            for at in -3..now + 16 {
                let (was, is) = (before.in_force_at(second(at)), versions.in_force_at(second(at)));
                prop_assert_eq!(is.map(|version| version.number), ruling(&versions, second(at)), "at {}", at);
                let timeline = versions.timeline();
                let shown = timeline.iter().find(|shown| {
                    shown.from <= second(at) && shown.until.is_none_or(|until| second(at) < until)
                });
                prop_assert_eq!(shown.map(|shown| shown.version), is);
                // What has passed changes by a correction only, and only where the corrected one ruled.
                if is != was && at < now {
                    prop_assert!(corrects.is_some() && was.map(|version| version.number) == corrects);
                }
            }
        }
    }
}
