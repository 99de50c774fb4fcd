//! Accounts in arrears on both stores: what is claimed is looked at once more, nothing is done twice, and what goes wrong destroys nothing.

use crate::support::{Bed, START, apply, at, later, policy, proven, read, tampered, told, usd};
use farthing_core::standing::InstructionId;
use farthing_engine::{Contact, Engine, InstructionFacts, NewAccount, NewResource, RefusalCode, Refused, Reported};
use farthing_store::MessageFilter;

const LADDER: &str = "\n[ladder]\nsuspend = { after = \"0h\" }\ndelete = { after = \"3d\", notices = [\"72h\"] }\npurge = { after = \"10d\", notices = [\"24h\"] }\n";
/// An hour of it is a dollar.
const MACHINE: &str = "[[product]]\nid = \"machine\"\nname = \"Machine\"\nkind = \"running\"\nprice = \"1.00 / hour\"\n\
    on_suspend = \"stop\"\non_delete = \"delete_keep_data\"\non_purge = \"delete_data\"\n";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn bed_of(bed: &Bed) -> Engine {
    let engine = bed.engine(0, at(START));
    apply(&engine, "one", &format!("{}{LADDER}", policy("one")), MACHINE);
    engine
}

/// An account with a machine, and money for so many hours of it.
fn customer(engine: &Engine, name: &str, hours: i64) {
    let contact =
        Some(Contact { name: name.to_owned(), email: format!("{name}@acme.example"), language: String::new() });
    engine
        .open_account("one", &NewAccount { name: name.to_owned(), contact, ..NewAccount::default() })
        .expect("it opens");
    pay(engine, name, &format!("{hours}.00"));
    let new =
        NewResource { account: Some(name.to_owned()), product: Some("machine".to_owned()), ..NewResource::default() };
    told(engine, "one", &format!("vm-{name}"), None, Reported::Start(new)).expect("it starts");
    engine.run_due().expect("it runs");
}

fn pay(engine: &Engine, account: &str, amount: &str) {
    engine.top_up("one", account, usd(amount), None).expect("it is booked");
    engine.run_due().expect("it runs");
}

/// Time passes, and the mail server takes what is sent.
fn go_on(engine: &Engine, seconds: i64) {
    engine
        .advance_among(later(seconds), &mut |engine: &Engine| {
            engine.pretend_mail(true)?;
            Ok::<_, farthing_engine::EngineError>(None)
        })
        .expect("time passes");
    engine.run_due().expect("it runs");
}

fn open(engine: &Engine, account: &str) -> Vec<InstructionFacts> {
    engine.instructions("one", Some(account), None, true, None, 100).expect("its instructions")
}

fn id(facts: &InstructionFacts) -> InstructionId {
    InstructionId::parse(&facts.id).expect("an id")
}

fn state(engine: &Engine, account: &str) -> String {
    engine.resource_view("one", &format!("vm-{account}")).expect("it is there").thing.state
}

fn standing(engine: &Engine, account: &str) -> String {
    engine.ladder("one", account).expect("it stands somehow").standing
}

fn heard(engine: &Engine, kind: &str) -> usize {
    let filter = MessageFilter { kind: Some(kind.to_owned()), account: None };
    read(engine, |tx| tx.messages("one", &filter, i64::MAX, 1_000)).len()
}

fn code<T>(answer: Result<T, Refused>) -> Option<RefusalCode> {
    answer.err().and_then(|refused| refused.code())
}

fn confirmed(engine: &Engine, account: &str) {
    for facts in open(engine, account) {
        if facts.claim {
            assert_eq!(engine.claim_instruction("one", id(&facts)).expect("it is claimed").answer, "go");
        }
        engine.confirm_instruction("one", id(&facts), "").expect("it is confirmed");
    }
}

both! {
    /// "Lock, delete and purge are offered; the cloud claims them right before acting, and the claim re-checks money … in one transaction."
    fn a_claim_looks_at_the_money_once_more(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 10 * HOUR);
        assert_eq!((state(&engine, "acme").as_str(), standing(&engine, "acme").as_str()), ("suspended", "suspended"));
        let stop = open(&engine, "acme").remove(0);
        assert_eq!((stop.deed.as_str(), stop.claim, stop.fence), ("stop", false, 1));
        engine.confirm_instruction("one", id(&stop), "").expect("it is stopped");
        assert_eq!(engine.confirm_instruction("one", id(&stop), "").expect("told again").state, "confirmed");

        go_on(&engine, 10 * HOUR + 3 * DAY - 1);
        assert!(open(&engine, "acme").is_empty(), "a second before it");
        go_on(&engine, 10 * HOUR + 3 * DAY);
        let delete = open(&engine, "acme").remove(0);
        assert_eq!((delete.deed.as_str(), delete.claim, delete.fence), ("delete_keep_data", true, 2));
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        assert_eq!(code(engine.confirm_instruction("one", id(&delete), "")), Some(RefusalCode::Conflict), "nobody claimed it");
        assert_eq!(engine.claim_instruction("one", id(&delete)).expect("it is claimed").answer, "go");
        pay(&engine, "acme", "20.00");
        let cancelled = engine.instruction("one", id(&delete)).expect("it is there");
        assert_eq!((cancelled.state.as_str(), cancelled.note.as_str()), ("cancelled", "the arrears are paid"));
        assert_eq!(engine.claim_instruction("one", id(&delete)).expect("it is asked").answer, "cancelled");
        assert_eq!(code(engine.confirm_instruction("one", id(&delete), "")), Some(RefusalCode::Conflict));
        let resume = open(&engine, "acme").remove(0);
        assert_eq!((resume.deed.as_str(), resume.fence), ("resume", 3), "a fence only grows");
        assert_eq!(state(&engine, "acme"), "suspended", "until the cloud says that it runs");
        confirmed(&engine, "acme");
        assert_eq!((state(&engine, "acme").as_str(), standing(&engine, "acme").as_str()), ("running", "good"));
        assert_eq!((heard(&engine, "account.suspended"), heard(&engine, "account.resumed")), (1, 1));
        proven(&engine);
    }
}

both! {
    /// What the cloud reports by itself confirms what it was asked.
    fn a_report_confirms_an_instruction(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 10 * HOUR);
        told(&engine, "one", "vm-acme", None, Reported::Stop).expect("it is stopped");
        assert!(open(&engine, "acme").is_empty());
        assert_eq!(state(&engine, "acme"), "suspended", "by us, and not by its owner");
        pay(&engine, "acme", "20.00");
        assert_eq!(open(&engine, "acme")[0].deed, "resume");
        told(&engine, "one", "vm-acme", None, Reported::Resume).expect("it runs");
        assert!(open(&engine, "acme").is_empty());
        assert_eq!(state(&engine, "acme"), "running");
        proven(&engine);
    }
}

both! {
    /// "No destructive step while … an operator's keep" stands; and when it is let go the step comes.
    fn what_is_kept_is_not_deleted(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        engine.keep("one", "account", "acme", "they are moving").expect("it is kept");
        go_on(&engine, 10 * HOUR + 20 * DAY);
        assert_eq!(standing(&engine, "acme"), "suspended");
        assert_eq!(heard(&engine, "step.held"), 1, "said once");
        assert!(engine.ladder("one", "acme").expect("it stands").held.contains("an operator keeps it"));
        assert!(engine.let_go("one", "account", "acme").expect("it is let go"));
        engine.run_due().expect("it runs");
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        assert_eq!(code(engine.keep("one", "resource", "nothing", "why")), Some(RefusalCode::NotFound));
        proven(&engine);
    }
}

both! {
    /// "Brake: in any 24 h more than max(5 accounts, 2%) suspended …: every delete and purge holds, not only the excess."
    fn more_than_usual_is_looked_at_first(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "first", 10);
        for number in 0..6 {
            customer(&engine, &format!("c{number}"), 80); // runs out two hours before the first would be deleted
        }
        go_on(&engine, 10 * HOUR + 3 * DAY);
        assert_eq!(standing(&engine, "first"), "suspended");
        assert_eq!(heard(&engine, "brake.on"), 1);
        assert_eq!(standing(&engine, "c5"), "suspended", "what can be undone goes on");
        go_on(&engine, 10 * HOUR + 30 * DAY);
        assert!(open(&engine, "first").iter().all(|facts| facts.deed == "stop"), "however long it is");
        assert!(engine.accept_steps("one").expect("somebody looked"));
        assert!(!engine.accept_steps("one").expect("once"));
        engine.run_due().expect("it runs");
        assert_eq!(standing(&engine, "first"), "deletion_scheduled");
        proven(&engine);
    }
}

both! {
    /// "Opening a restored copy starts with outbox and steps off until accepted."
    fn a_copy_takes_no_steps_until_it_is_accepted(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        engine.begin_copy("restored from a backup").expect("it is a copy");
        engine.clock().advance_to(later(11 * HOUR));
        engine.run_due().expect("it runs");
        assert_eq!(state(&engine, "acme"), "running");
        assert_eq!(engine.instructions("one", None, None, false, None, 10).expect("none").len(), 0);
        // What it does not do is not due there either: time passes, and nobody waits for a step that never comes.
        assert_eq!(engine.next_due(later(11 * HOUR)).expect("what comes").filter(|next| *next <= later(11 * HOUR)), None);
        engine.advance(later(20 * HOUR)).expect("time passes");
        assert_eq!(state(&engine, "acme"), "running");
        engine.accept_copy().expect("it is accepted");
        engine.run_due().expect("it runs");
        assert_eq!(state(&engine, "acme"), "suspended");
        proven(&engine);
    }
}

both! {
    /// "Time the engine was down counts for no ladder": what was announced for the third day comes two days later.
    fn time_in_which_nobody_looked_does_not_count(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 10 * HOUR + DAY);
        engine.take_steps(later(10 * HOUR + DAY)).expect("somebody is there");
        let back = 10 * HOUR + DAY + 20 * HOUR;
        engine.clock().advance_to(later(back));
        engine.take_steps(later(back)).expect("somebody is back");
        go_on(&engine, 10 * HOUR + 3 * DAY + 20 * HOUR - 1);
        assert_eq!(standing(&engine, "acme"), "suspended");
        go_on(&engine, 10 * HOUR + 3 * DAY + 20 * HOUR);
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        proven(&engine);
    }
}

both! {
    /// "No destructive step while … provider events or bank files not read since the engine started": an hour is for them to come in.
    fn who_is_just_back_destroys_nothing_for_an_hour(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        let minutes = |count: i64| 10 * HOUR + 71 * HOUR + count * 60;
        go_on(&engine, minutes(30));
        engine.take_steps(later(minutes(30))).expect("somebody is there");
        engine.clock().advance_to(later(minutes(35)));
        engine.take_steps(later(minutes(35))).expect("somebody is back");
        // Five minutes later than it was announced, and not yet.
        go_on(&engine, minutes(66));
        assert_eq!(standing(&engine, "acme"), "suspended");
        let held = engine.ladder("one", "acme").expect("it is there").held;
        assert!(held.contains("nobody was there for a while"), "{held}");
        go_on(&engine, minutes(126));
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        proven(&engine);
    }
}

both! {
    /// What would happen is what happens.
    fn a_forecast_says_what_comes(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        customer(&engine, "beta", 100);
        let steps = engine.steps_until("one", later(12 * DAY)).expect("what comes");
        let told: Vec<(String, String, i64)> =
            steps.iter().map(|step| (step.account.clone(), step.step.clone(), (step.at - later(0).micros()) / 1_000_000)).collect();
        let step = |account: &str, step: &str, at| (account.to_owned(), step.to_owned(), at);
        let whole = [
            step("acme", "suspend", 10 * HOUR),
            step("acme", "delete", 10 * HOUR + 3 * DAY),
            step("beta", "suspend", 100 * HOUR),
            step("beta", "delete", 100 * HOUR + 3 * DAY),
            step("acme", "purge", 10 * HOUR + 10 * DAY),
        ];
        assert_eq!(told, whole);
        assert!(open(&engine, "acme").is_empty(), "nothing was done");
        go_on(&engine, 10 * HOUR);
        assert_eq!(standing(&engine, "acme"), "suspended");
        let steps = engine.steps_until("one", later(4 * DAY)).expect("what comes");
        assert_eq!(steps.iter().map(|step| (step.step.as_str(), step.begun)).collect::<Vec<_>>(), [("delete", true)]);
    }
}

both! {
    /// A row that somebody changed is named.
    fn an_instruction_that_was_changed_is_found(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 10 * HOUR);
        let findings = tampered(&engine, |tx| tx.execute("UPDATE instruction SET deed = 'resume'", &[]));
        assert!(findings.iter().any(|(row, _)| row.starts_with("instruction step_")), "{findings:?}");
    }
}
