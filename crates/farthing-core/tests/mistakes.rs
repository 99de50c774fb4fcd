//! Everything that `check` says of a mistake, word for word, in `mistakes/*.txt`.
//!
//! Each mistake there is a title, what is changed in the small good profile below, and what is said of it. A line `- old`
//! takes a line out, `+ new` puts one in at that place, ` line` only names a place; without a place it is the end of the file.
//! Behind `==> mended` stands what an operator does who follows the remedy: then no error is left, and it is not said again.
//! `UPDATE=1 cargo test -p farthing-core --test mistakes` writes the answers anew: read the difference.

use farthing_core::config::{Item, Key, Severity, Source};
use farthing_core::profile::{CATALOG_FILE, Checked, POLICY_FILE, Profile};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

const POLICY: &str = r##"[cloud]
id = "north"
name = "North"
currency = "USD"

[brand]
legal_name = "North Ltd"
accent = "#0a66c2"
"##;

const CATALOG: &str = r#"[[meter]]
id = "tokens"
unit = "token"

[[meter]]
id = "disk"
unit = "GB"
aggregate = "time_weighted"

[[product]]
id = "vm"
name = "Virtual machine"
kind = "running"
[[product.sku]]
id = "small"
dims = { size = "s" }
price = "0.042 / hour"
[[product.sku]]
id = "large"
dims = { size = "l" }
price = "0.168 / hour"

[[product]]
id = "chat"
name = "Chat"
kind = "usage"
meter = "tokens"
price = "0.15 / 1M tokens"

[[product]]
id = "volume"
name = "Volume"
kind = "capacity"
meter = "disk"
price = "0.10 / GB-month"
"#;

struct Mistake {
    title: String,
    edits: Vec<String>,
    told: String,
    mended: Vec<String>,
}

const MENDED: &str = "==> mended";

/// One file: what stands before the first mistake, and the mistakes.
fn parse(text: &str) -> (String, Vec<Mistake>) {
    let mut parts = text.split("\n### ");
    let head = parts.next().unwrap_or_default().to_owned();
    let mistake = |part: &str| {
        let (title, rest) = part.split_once('\n').unwrap_or((part, ""));
        let (edits, rest) = rest.split_once("----\n").unwrap_or((rest, ""));
        let (told, mended) = rest.split_once(MENDED).unwrap_or((rest, ""));
        let lines = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
        Mistake {
            title: title.to_owned(),
            edits: lines(edits),
            told: told.trim_end().to_owned(),
            mended: lines(mended),
        }
    };
    (head, parts.map(mistake).collect())
}

fn print(head: &str, mistakes: &[Mistake]) -> String {
    let mut text = head.trim_end().to_owned();
    for Mistake { title, edits, told, mended } in mistakes {
        let _ = write!(text, "\n\n\n### {title}\n{}\n----\n{told}\n", edits.join("\n"));
        if !mended.is_empty() {
            let _ = write!(text, "\n{MENDED}\n{}\n", mended.join("\n"));
        }
    }
    text.trim_start_matches('\n').trim_end().to_owned() + "\n"
}

/// Both files with the edits made.
fn edited(title: &str, files: &[Vec<String>; 2], edits: &[String]) -> [Vec<String>; 2] {
    let mut files = files.clone();
    let (mut which, mut place) = (0, files[0].len());
    for edit in edits {
        if edit == POLICY_FILE || edit == CATALOG_FILE {
            which = usize::from(edit == CATALOG_FILE);
            place = files[which].len();
            continue;
        }
        let file = &mut files[which];
        // The next such line, from here on and then from the top.
        let find = |line: &str| {
            let mut rows = (place..file.len()).chain(0..place);
            rows.find(|row| file[*row].trim() == line.trim())
                .unwrap_or_else(|| panic!("{title}: there is no line {line:?} in\n{}", file.join("\n")))
        };
        if let Some(line) = edit.strip_prefix("+ ") {
            file.insert(place, line.to_owned());
            place += 1;
        } else if let Some(line) = edit.strip_prefix("- ") {
            place = find(line);
            file.remove(place);
        } else {
            place = find(edit) + 1;
        }
    }
    files
}

fn good() -> [Vec<String>; 2] {
    [POLICY, CATALOG].map(|text| text.lines().map(str::to_owned).collect())
}

fn sources(files: &[Vec<String>; 2]) -> [Source; 2] {
    let text = |lines: &[String]| lines.join("\n") + "\n";
    [Source::new(POLICY_FILE, text(&files[0])), Source::new(CATALOG_FILE, text(&files[1]))]
}

fn check([policy, catalog]: &[Source; 2]) -> Checked {
    Profile::read(policy, Some(catalog))
}

/// What is said; notes (keys that wait for a part of Farthing) only where a mistake's title asks for them.
fn told(sources: &[Source; 2], notes: bool) -> String {
    let remarks = check(sources).remarks;
    let shown = remarks.iter().filter(|remark| notes || remark.severity != Severity::Note);
    let rendered: Vec<String> = shown.map(|remark| remark.render(sources)).collect();
    rendered.join("\n").trim_end().to_owned()
}

#[test]
fn every_message_is_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mistakes");
    let update = std::env::var_os("UPDATE").is_some();
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let (mut count, mut titles) = (0, BTreeSet::new());
    let (mut wrong, mut broken) = (String::new(), String::new());
    for path in paths {
        let before = std::fs::read_to_string(&path).unwrap();
        let (head, mut mistakes) = parse(&format!("\n{before}"));
        for mistake in &mut mistakes {
            let title = &mistake.title;
            count += 1;
            assert!(titles.insert(title.clone()), "two mistakes are called {title:?}");
            let files = edited(title, &good(), &mistake.edits);
            let now = told(&sources(&files), title.ends_with("(notes)"));
            if now != mistake.told {
                let _ = writeln!(wrong, "{}: {title}\n{}", path.display(), difference(&mistake.told, &now));
            }
            if now.is_empty() {
                let _ = writeln!(broken, "{title}: nothing is said of it");
            }
            mistake.told = now;
            if !mistake.mended.is_empty() {
                let sources = sources(&edited(title, &files, &mistake.mended));
                let remarks = check(&sources).remarks;
                let before = mistake.told.lines().next().unwrap_or_default();
                let left =
                    remarks.iter().find(|remark| remark.severity == Severity::Error || before.ends_with(&remark.what));
                let left = left.map(|remark| remark.render(&sources)).unwrap_or_default();
                if !left.is_empty() {
                    let _ = writeln!(broken, "{title}: the remedy was followed, and this is still said\n{left}");
                }
            }
        }
        if update {
            std::fs::write(&path, print(&head, &mistakes)).unwrap();
        }
    }
    assert!(broken.is_empty(), "\n{broken}");
    assert!(count >= 60, "only {count} mistakes were found in {}", folder.display());
    assert!(update || wrong.is_empty(), "\n{wrong}\nUPDATE=1 writes what is said now");
}

/// Line by line, what was to be said and is not, and what is said instead.
fn difference(before: &str, now: &str) -> String {
    let (before, now): (Vec<_>, Vec<_>) = (before.lines().collect(), now.lines().collect());
    let mut text = String::new();
    let same = before.iter().zip(&now).take_while(|(one, other)| one == other).count();
    let end = before[same..].iter().rev().zip(now[same..].iter().rev()).take_while(|(one, other)| one == other).count();
    for (mark, lines) in [('-', &before[same..before.len() - end]), ('+', &now[same..now.len() - end])] {
        for line in lines {
            let _ = writeln!(text, "  {mark} {line}");
        }
    }
    text
}

#[test]
fn nothing_is_said_of_the_good_profile() {
    assert_eq!(told(&sources(&good()), true), "");
}

#[test]
fn several_mistakes_are_all_told_in_the_order_of_lines() {
    let mut files = good();
    files[0][2] = "nmae = \"North\"".to_owned();
    files[0][7] = "accent = \"blue\"".to_owned();
    files[0].extend(
        ["[settle]", "every = \"7m\"", "[ladder]", "delete = { after = \"0d\" }", "[start]", "min_balance = \"-5\""]
            .map(str::to_owned),
    );
    let sources = sources(&files);
    let remarks = check(&sources).remarks;
    let lines: Vec<usize> = remarks
        .iter()
        .filter(|remark| remark.severity == Severity::Error)
        .map(|remark| 1 + sources[0].text[..remark.at.start].matches('\n').count())
        .collect();
    // Who the cloud is cannot be read, so nothing is concluded of the ladder in line 12.
    assert_eq!(lines, [3, 8, 10, 14]);

    files[0][2] = "name = \"North\"".to_owned();
    let text = told(&self::sources(&files), false);
    for told in ["`brand.accent`", "`settle.every`", "`ladder.delete` destroys", "`start.min_balance`"] {
        assert_eq!(text.matches(told).count(), 1, "{told} in\n{text}");
    }
    assert_eq!(text.matches("error: ").count(), 4, "{text}");
}

#[test]
fn every_key_has_a_default_that_reads_and_a_meaning_in_one_sentence() {
    for (file, keys) in Profile::all_keys() {
        assert!(keys.len() > 20, "{file}");
        for key in keys {
            let Key { path, meaning, kind, .. } = &key;
            assert!(!meaning.trim().is_empty() && meaning.trim() == *meaning, "{path}: {meaning:?}");
            assert!(!meaning.ends_with('.'), "{path}: a meaning has no full stop: {meaning:?}");
            assert!(meaning.starts_with(|first: char| !first.is_lowercase()), "{path}: {meaning:?}");
            assert!(!kind.one.is_empty() && !kind.example.is_empty(), "{path} has no kind");
        }
    }
}

#[test]
fn every_default_reads() {
    for (file, keys) in Profile::all_keys() {
        for Key { path, default, .. } in keys {
            let Some(default) = default else { continue };
            // As an operator would write it out: a bare word of the declaration is a text in a file.
            let toml = matches!(default, "true" | "false") || default.starts_with(['[', '{']);
            let value = if toml { default.to_owned() } else { format!("{default:?}") };
            let remarks = with_key(file, &path, &value).remarks;
            let refused = remarks.iter().find(|remark| {
                let about = remark.what.starts_with(&format!("`{path}"));
                about && (remark.what.contains("but it takes") || remark.what.contains("there is no key"))
            });
            assert_eq!(refused, None, "{path} = {value}");
        }
    }
}

/// The good profile with this key written, at the top of its file or in the section that is there.
fn with_key(file: &str, path: &str, value: &str) -> Checked {
    let (section, rest) = path.split_once('.').unwrap();
    let inner = rest.rsplit('.').fold(value.to_owned(), |value, key| format!("{{ {key} = {value} }}"));
    let (policy, catalog) = if file == CATALOG_FILE {
        (POLICY.to_owned(), format!("{section} = {inner}\n"))
    } else if POLICY.contains(&format!("[{section}]")) {
        let own = POLICY.lines().filter(|line| line.split(" = ").next() != Some(rest));
        let own = own.collect::<Vec<_>>().join("\n");
        (own.replace(&format!("[{section}]"), &format!("[{section}]\n{rest} = {value}")), CATALOG.to_owned())
    } else {
        (format!("{section} = {inner}\n{POLICY}"), CATALOG.to_owned())
    };
    Profile::read(&Source::new(POLICY_FILE, policy), Some(&Source::new(CATALOG_FILE, catalog)))
}

#[test]
fn what_nothing_acts_on_yet_is_said_to_be_so() {
    for (file, keys) in Profile::all_keys() {
        for Key { path, capability, .. } in keys {
            // Whether its value fits is no matter here: the note is about the key.
            let checked = with_key(file, &path, "0");
            let noted = checked.remarks.iter().any(|remark| {
                remark.severity == Severity::Note
                    && remark.file == file
                    && remark.what.contains(&format!("`{path}`"))
                    && remark.remedy.contains(&capability.to_string())
            });
            // Where it cannot be read who the cloud is, nothing else is looked at.
            assert!(checked.profile.is_some() || path.starts_with("cloud."), "{path}");
            assert_eq!(noted, checked.profile.is_some() && !capability.is_in_force(), "{path}");
        }
    }
}

/// Reads, and holds what comes of it against what must be so whatever was written.
fn survives(policy: &str, catalog: &str) -> Result<(), TestCaseError> {
    let sources = [Source::new(POLICY_FILE, policy), Source::new(CATALOG_FILE, catalog)];
    for remark in check(&sources).remarks {
        let source = &sources[usize::from(remark.file == CATALOG_FILE)];
        prop_assert!(remark.at.start <= remark.at.end && remark.at.end <= source.text.len(), "{remark:?}");
        let text = remark.render(&sources);
        prop_assert!(!text.chars().any(|found| found.is_control() && !matches!(found, '\n' | '\t')), "{text:?}");
        let lines = if source.name == remark.file { 6 } else { 3 };
        prop_assert_eq!(text.lines().count(), lines, "{}", text);
        prop_assert!(!remark.what.is_empty() && !remark.what.ends_with('.') && !remark.remedy.is_empty(), "{text}");
    }
    Ok(())
}

/// Pieces that a file may be made of.
fn tomlish() -> impl Strategy<Value = String> {
    let keys = Profile::all_keys().into_iter().flat_map(|(_, keys)| keys);
    let words: Vec<String> = keys.flat_map(|key| key.path.split('.').map(str::to_owned).collect::<Vec<_>>()).collect();
    let word = prop::sample::select(words);
    let value = prop::sample::select(vec![
        "\"5.00\"",
        "\"-1\"",
        "0",
        "-3",
        "1e9",
        "true",
        "off",
        "\"none\"",
        "\"\"",
        "[]",
        "[1, \"a\"]",
        "{}",
        "{ a = 1 }",
        "2026-01-01",
        "07:30:00",
        "\"0h\"",
        "\"1 month\"",
        "\"20 GB\"",
        "\"0.15 / 1M tokens\"",
        "\"running\"",
        "\"vm\"",
        "nan",
        "\"\\u0000\\n\"",
        "'ü'",
        "99999999999999999999",
        "\"99999999999999999999\"",
        "\"9223372036854775807s\"",
    ]);
    let line = prop_oneof![
        (word.clone(), value).prop_map(|(key, value)| format!("{key} = {value}")),
        word.clone().prop_map(|key| format!("[{key}]")),
        word.clone().prop_map(|key| format!("[[{key}]]")),
        (word.clone(), word).prop_map(|(one, other)| format!("[[{one}.{other}]]")),
    ];
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

/// A text with one character taken out, put in or changed.
fn slip(text: &'static str) -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        prop::sample::select("\"'[]{}=.,#-0159 \n\t\r\\/aehmw\u{1b}ü".chars().collect::<Vec<_>>()),
        any::<char>()
    ];
    (0..text.chars().count(), letter, 0..3_u8).prop_map(move |(at, letter, how)| {
        let put = |here: bool| (here && how != 0).then_some(letter);
        let keep = |here: bool, found: char| (!here || how == 1).then_some(found);
        text.chars()
            .enumerate()
            .flat_map(|(place, found)| put(place == at).into_iter().chain(keep(place == at, found)))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(policy in prop::collection::vec(any::<u8>(), 0..200), catalog in ".{0,200}") {
        let policy = String::from_utf8_lossy(&policy).into_owned();
        survives(&policy, &catalog)?;
        survives(POLICY, &policy)?;
    }

    #[test]
    fn any_keys_are_answered(policy in tomlish(), catalog in tomlish()) {
        survives(&policy, &catalog)?;
        survives(&format!("{POLICY}{policy}"), &catalog)?;
        survives(POLICY, &format!("{CATALOG}{catalog}"))?;
    }

    #[test]
    fn any_slip_of_a_key_is_answered(policy in slip(POLICY), catalog in slip(CATALOG)) {
        survives(&policy, CATALOG)?;
        survives(POLICY, &catalog)?;
    }

    #[test]
    fn a_value_by_itself_is_always_something(text in ".{0,60}") {
        let _ = Item::loose(&text).named();
    }
}
