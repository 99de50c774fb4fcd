//! Accounts in arrears on both stores: what is claimed is looked at once more, nothing is done twice, and what goes wrong destroys nothing.

use crate::support::{Bed, START, apply, at, later, policy, proven, read, tampered, told, usd};
use farthing_core::notice::Reach;
use farthing_core::payment::{BillDisputeId, BillId};
use farthing_core::standing::InstructionId;
use farthing_engine::{
    Carried, Carrier, Contact, Decision, Engine, InstructionFacts, NewAccount, NewBillDispute, NewEndpoint,
    NewResource, Outcome, Parcel, RefusalCode, Refused, Reported, To,
};
use farthing_store::{BillKind, Channel, DeliveryFilter, MessageFilter};

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

/// The same cloud with other steps from now on.
fn reapply(engine: &Engine, ladder: &str) {
    apply(engine, "one", &format!("{}{ladder}", policy("one")), MACHINE);
    engine.run_due().expect("it runs");
}

fn charged(engine: &Engine, account: &str) -> String {
    let now = engine.now().expect("the clock");
    engine.charges_sum("one", account, &farthing_engine::ChargeQuestion::default(), now).expect("its charges").plain()
}

both! {
    /// "A ladder under way keeps the dates it announced; a new policy may lengthen them, never shorten."
    fn a_new_policy_lengthens_what_was_announced(bed: &Bed) {
        let delete = |after: &str| format!("\n[ladder]\nsuspend = {{ after = \"0h\" }}\ndelete = {{ after = \"{after}\", notices = [\"24h\"] }}\n");
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &format!("{}{}", policy("one"), delete("3d")), MACHINE);
        customer(&engine, "acme", 10);
        go_on(&engine, 11 * HOUR);
        reapply(&engine, &delete("1d"));
        go_on(&engine, 10 * HOUR + 3 * DAY - 1);
        assert_eq!(standing(&engine, "acme"), "suspended", "three days it was");
        reapply(&engine, &delete("5d"));
        go_on(&engine, 10 * HOUR + 5 * DAY - 1);
        assert_eq!(standing(&engine, "acme"), "suspended");
        go_on(&engine, 10 * HOUR + 5 * DAY);
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        proven(&engine);
    }
}

both! {
    /// "A moved resource starts at the top of the new payer's ladder."
    fn what_is_moved_starts_at_the_top(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        customer(&engine, "beta", 20);
        engine.open_project("one", "site", "acme").expect("it opens");
        let new = NewResource { project: Some("site".to_owned()), product: Some("machine".to_owned()), ..NewResource::default() };
        told(&engine, "one", "moved", None, Reported::Start(new)).expect("it starts");
        // Ten dollars for two: five hours.
        go_on(&engine, 5 * HOUR);
        confirmed(&engine, "acme");
        go_on(&engine, 5 * HOUR + 2 * DAY);
        assert_eq!(standing(&engine, "beta"), "suspended", "its own twenty hours are over");
        confirmed(&engine, "beta");
        engine.move_project("one", "site", "beta").expect("it moves");
        go_on(&engine, 5 * HOUR + 3 * DAY);
        let asked = open(&engine, "acme");
        assert_eq!(asked.iter().map(|facts| facts.resource.as_str()).collect::<Vec<_>>(), ["vm-acme"], "what is left of its own");
        assert_eq!(open(&engine, "beta").len(), 0);
        go_on(&engine, 20 * HOUR + 3 * DAY);
        let mut asked: Vec<String> = open(&engine, "beta").into_iter().map(|facts| facts.resource).collect();
        asked.sort_unstable();
        assert_eq!(asked, ["moved", "vm-beta"], "with everything its payer has");
        proven(&engine);
    }
}

both! {
    /// "A top-up below the arrears stops nothing (R27)."
    fn less_than_the_arrears_stops_nothing(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let ladder = LADDER.replace("suspend = { after = \"0h\" }", "suspend = { after = \"5h\" }");
        apply(&engine, "one", &format!("{}{ladder}", policy("one")), MACHINE);
        customer(&engine, "acme", 10);
        go_on(&engine, 15 * HOUR);
        assert_eq!(standing(&engine, "acme"), "suspended");
        confirmed(&engine, "acme");
        pay(&engine, "acme", "4.99");
        assert_eq!((state(&engine, "acme").as_str(), standing(&engine, "acme").as_str()), ("suspended", "suspended"));
        go_on(&engine, 10 * HOUR + 3 * DAY);
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled", "and nothing moved on");
        pay(&engine, "acme", "0.02");
        assert_eq!(standing(&engine, "acme"), "good");
        proven(&engine);
    }
}

both! {
    /// "`on_suspend`, `on_delete`, `on_purge` per product; absent = untouched."
    fn what_names_no_step_is_untouched(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        let bare = "[[product]]\nid = \"bare\"\nname = \"Bare\"\nkind = \"running\"\nprice = \"1.00 / hour\"\n";
        apply(&engine, "one", &format!("{}{LADDER}", policy("one")), &format!("{MACHINE}{bare}"));
        customer(&engine, "acme", 10);
        let of = |account: &str| NewResource { account: Some(account.to_owned()), product: Some("bare".to_owned()), ..NewResource::default() };
        told(&engine, "one", "bare-1", None, Reported::Start(of("acme"))).expect("it starts");
        engine.open_account("one", &NewAccount { name: "beta".to_owned(), ..NewAccount::default() }).expect("it opens");
        pay(&engine, "beta", "1.00");
        told(&engine, "one", "bare-2", None, Reported::Start(of("beta"))).expect("it starts");
        go_on(&engine, 5 * HOUR + 20 * DAY);
        let running = |name: &str| engine.resource_view("one", name).expect("it is there").thing.state;
        assert_eq!((running("bare-1").as_str(), running("bare-2").as_str()), ("running", "running"));
        assert_eq!(standing(&engine, "beta"), "good", "nothing of it would be touched: it is on no ladder");
        let touched = engine.instructions("one", None, None, false, None, 100).expect("all of them");
        assert!(!touched.is_empty() && touched.iter().all(|facts| facts.resource == "vm-acme"), "{touched:?}");
        proven(&engine);
    }
}

both! {
    /// "A suspended thing is billed until our order's instant (`suspend_bills_until = "ordered" | "confirmed"`)."
    fn a_suspended_thing_costs_until_our_word_or_the_clouds(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 15 * HOUR);
        assert_eq!((state(&engine, "acme").as_str(), charged(&engine, "acme").as_str()), ("suspended", "10.00"), "nobody has answered");
        let confirmed_ends = LADDER.replace("[ladder]", "[ladder]\nsuspend_bills_until = \"confirmed\"");
        reapply(&engine, &confirmed_ends);
        customer(&engine, "beta", 10);
        go_on(&engine, 27 * HOUR);
        assert_eq!((state(&engine, "beta").as_str(), standing(&engine, "beta").as_str()), ("running", "suspended"), "it was asked");
        confirmed(&engine, "beta");
        assert_eq!((state(&engine, "beta").as_str(), charged(&engine, "beta").as_str()), ("suspended", "12.00"), "two hours until it did");
        go_on(&engine, 40 * HOUR);
        assert_eq!(charged(&engine, "beta"), "12.00");
        proven(&engine);
    }
}

both! {
    /// "Late facts never date a step back, the gap is debt."
    fn what_is_told_late_dates_no_step_back(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 8 * HOUR);
        let new = NewResource { account: Some("acme".to_owned()), product: Some("machine".to_owned()), ..NewResource::default() };
        told(&engine, "one", "late", Some(later(2 * HOUR)), Reported::Start(new)).expect("it is booked");
        engine.run_due().expect("it runs");
        // It ran out at the sixth hour, which nobody knew: suspended now, and what was used until now is owed.
        assert_eq!((state(&engine, "acme").as_str(), charged(&engine, "acme").as_str()), ("suspended", "14.00"));
        let since = engine.ladder("one", "acme").expect("it stands").since;
        assert_eq!(since, Some(later(8 * HOUR).micros()));
        go_on(&engine, 8 * HOUR + 3 * DAY - 1);
        assert_eq!(standing(&engine, "acme"), "suspended");
        go_on(&engine, 8 * HOUR + 3 * DAY);
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        proven(&engine);
    }
}

both! {
    /// "The claim re-checks … policy": a step that is asked for, and that the policy has no more, is not taken.
    fn a_claim_looks_at_the_policy_once_more(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 10 * HOUR);
        confirmed(&engine, "acme");
        go_on(&engine, 10 * HOUR + 3 * DAY);
        let delete = id(&open(&engine, "acme")[0]);
        engine.keep("one", "account", "acme", "they called").expect("it is kept");
        let waits = engine.claim_instruction("one", delete).expect("it is asked");
        assert!(waits.answer == "wait" && waits.why.contains("an operator keeps it"), "{waits:?}");
        engine.let_go("one", "account", "acme").expect("let go");
        reapply(&engine, "\n[ladder]\nsuspend = { after = \"0h\" }\n");
        let cancelled = engine.claim_instruction("one", delete).expect("it is asked");
        assert_eq!((cancelled.answer.as_str(), cancelled.why.as_str()), ("cancelled", "the policy asks for it no more"));
        assert_eq!((state(&engine, "acme").as_str(), standing(&engine, "acme").as_str()), ("suspended", "suspended"));
        go_on(&engine, 10 * HOUR + 40 * DAY);
        assert!(open(&engine, "acme").is_empty());
        proven(&engine);
    }
}

both! {
    /// "No address … deletion waits for an operator, without limit."
    fn who_has_no_address_loses_nothing(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        engine.open_account("one", &NewAccount { name: "mute".to_owned(), ..NewAccount::default() }).expect("it opens");
        pay(&engine, "mute", "10.00");
        let new = NewResource { account: Some("mute".to_owned()), product: Some("machine".to_owned()), ..NewResource::default() };
        told(&engine, "one", "vm-mute", None, Reported::Start(new)).expect("it starts");
        go_on(&engine, 10 * HOUR + 60 * DAY);
        assert_eq!((standing(&engine, "acme").as_str(), standing(&engine, "mute").as_str()), ("deletion_scheduled", "suspended"));
        let held = engine.ladder("one", "mute").expect("it stands").held;
        assert!(held.contains("no notice of it was accepted by a mail server"), "{held}");
        proven(&engine);
    }
}

both! {
    /// "A step falls due at max(planned, own notice accepted + announced time)."
    fn a_notice_that_is_taken_late_moves_the_step(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        // Nobody takes mail for a day; then a server does.
        engine.advance(later(10 * HOUR + DAY)).expect("time passes");
        go_on(&engine, 10 * HOUR + 4 * DAY - 1);
        assert_eq!(standing(&engine, "acme"), "suspended");
        go_on(&engine, 10 * HOUR + 4 * DAY + HOUR);
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        proven(&engine);
    }
}

both! {
    /// "Or more than max(3, 3 x the 30-day daily mean) deletions due: every delete and purge holds …, not only the excess."
    fn more_deletions_than_usual_hold_all_of_them(bed: &Bed) {
        let engine = bed_of(bed);
        for number in 0..4 {
            customer(&engine, &format!("c{number}"), 10);
        }
        go_on(&engine, 10 * HOUR + 3 * DAY);
        let asked: Vec<InstructionId> = (0..4).flat_map(|number| open(&engine, &format!("c{number}"))).filter(|facts| facts.claim).map(|facts| id(&facts)).collect();
        assert!(!asked.is_empty());
        for delete in &asked {
            let answer = engine.claim_instruction("one", *delete).expect("it is asked");
            assert!(answer.answer == "wait" && answer.why.contains("more is suspended or deleted than usual"), "{answer:?}");
        }
        engine.accept_steps("one").expect("somebody looked");
        proven(&engine);
    }
}

both! {
    /// "No destructive step while any of these stands: … a parked account."
    fn what_cannot_be_settled_is_not_deleted(bed: &Bed) {
        let engine = bed_of(bed);
        customer(&engine, "acme", 10);
        go_on(&engine, 10 * HOUR + 2 * DAY);
        confirmed(&engine, "acme");
        let parked = engine.store().write("park", |tx| {
            let payer = tx.payer_by_name("one", "acme")?.expect("it is open");
            let mut states = tx.payer_states(&[payer.id])?;
            "the price was not to be found".clone_into(&mut states[0].parked);
            states[0].due_at = None;
            tx.payer_states_write(&states)
        });
        parked.expect("it is parked");
        go_on(&engine, 10 * HOUR + 9 * DAY);
        assert!(open(&engine, "acme").is_empty());
        let held = engine.ladder("one", "acme").expect("it stands").held;
        assert!(held.contains("the account cannot be settled"), "{held}");
    }
}

const BILLS: &str =
    "\n[bill]\non = [\"cycle\"]\nnumber = \"B-{year}-{seq:4}\"\ndue = \"7d\"\ndispute_window = \"30d\"\n";

both! {
    /// "No destructive step while … an open dispute covering the debt" stands.
    fn what_is_disputed_is_not_deleted(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        apply(&engine, "one", &format!("{}{BILLS}{LADDER}", policy("one").replace("[settle]\n", "[settle]\npay = \"postpaid\"\n")), MACHINE);
        let contact = Some(Contact { name: "acme".to_owned(), email: "acme@acme.example".to_owned(), language: String::new() });
        engine.open_account("one", &NewAccount { name: "acme".to_owned(), contact, ..NewAccount::default() }).expect("it opens");
        let new = NewResource { account: Some("acme".to_owned()), product: Some("machine".to_owned()), ..NewResource::default() };
        told(&engine, "one", "vm-acme", None, Reported::Start(new)).expect("it starts");
        // The bill of April, an hour after its end, is due seven days later; a ladder later it would be deleted.
        go_on(&engine, 37 * DAY + 16 * HOUR);
        assert_eq!(standing(&engine, "acme"), "suspended");
        confirmed(&engine, "acme");
        let bill = engine.bills("one", Some("acme"), Some(BillKind::Bill), None, None, 1).expect("its bills").pop().expect("one");
        let wanted = NewBillDispute { bill: BillId::parse(&bill.id).expect("an id"), amount: Some(usd("1.00")), reason: "it was off".to_owned() };
        let dispute = engine.dispute_bill("one", &wanted).expect("opened");
        go_on(&engine, 60 * DAY);
        assert_eq!(standing(&engine, "acme"), "suspended");
        assert!(engine.ladder("one", "acme").expect("it stands").held.contains("a dispute about what they owe is open"));
        let dispute = BillDisputeId::parse(&dispute.id).expect("an id");
        engine.decide_bill_dispute("one", dispute, &Decision::Refuse, "it was on").expect("decided");
        go_on(&engine, 61 * DAY);
        assert_eq!(standing(&engine, "acme"), "deletion_scheduled");
        proven(&engine);
    }
}

/// Takes everything, and writes down what it was; what is for nobody any more it does not send.
#[derive(Default)]
struct Hook(std::sync::Mutex<Vec<String>>);

impl Carrier for Hook {
    fn carry(&self, parcel: &Parcel, _: farthing_core::time::Instant) -> Carried {
        let data: serde_json::Value = serde_json::from_str(&parcel.data).expect("JSON");
        if let To::Webhook(_) = parcel.to {
            self.0.lock().expect("nobody panicked").push(format!(
                "{} {}",
                parcel.kind,
                data["do"].as_str().unwrap_or_default()
            ));
        }
        Carried { outcome: Outcome::Taken, status: Some(204), answer: String::new() }
    }
}

both! {
    /// "Instructions cannot be replayed and leave the outbox when the reason ends."
    fn an_instruction_is_not_sent_again_and_leaves_with_its_reason(bed: &Bed) {
        let engine = bed_of(bed);
        let new = NewEndpoint {
            url: "https://cloud.example/hook".to_owned(),
            description: String::new(),
            types: vec!["instruction.asked".to_owned(), "instruction.cancelled".to_owned()],
        };
        let endpoint = engine.endpoint_create("one", &new, Reach::Private).expect("it is kept");
        let carried = |engine: &Engine| {
            let (hook, now) = (Hook::default(), engine.now().expect("the clock"));
            for _ in 0..10 {
                engine.deliver_ready(Channel::Endpoint(endpoint.id), &hook, now, 100).expect("carried");
            }
            hook.0.into_inner().expect("nobody panicked")
        };
        customer(&engine, "acme", 10);
        go_on(&engine, 10 * HOUR);
        pay(&engine, "acme", "20.00");
        assert_eq!(carried(&engine), ["instruction.cancelled stop", "instruction.asked resume"], "the stop is not sent any more");
        confirmed(&engine, "acme");
        let filter = DeliveryFilter { channel: Some(Channel::Endpoint(endpoint.id)), ..DeliveryFilter::default() };
        let done = engine.deliveries("one", &filter, None, 100).expect("its deliveries");
        let asked = done.iter().find(|view| view.message.data.contains("resume")).expect("the newest");
        assert_eq!(code(engine.delivery_replay("one", asked.id)), Some(RefusalCode::RefusedByPolicy));
        proven(&engine);
    }
}
