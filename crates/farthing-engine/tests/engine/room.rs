//! Use is added to totals without a look at its account for as long as nothing can run out; when it can, it is seen.

use crate::support::{Bed, START, at, cloud, dollars, later, proven, start, usd};
use farthing_core::time::Instant;
use farthing_engine::Engine;

fn ran_out(engine: &Engine) -> Option<Instant> {
    engine.account_view("one", "acme", engine.now().expect("a time")).expect("it is there").ran_out_at
}

both! {
    fn the_last_dollar_is_seen_at_once(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        engine.top_up("one", "acme", usd("10.00"), None).expect("booked");
        dollars(&engine, "first", 1);
        dollars(&engine, "more", 8);
        assert_eq!(ran_out(&engine), None);
        dollars(&engine, "last", 1);
        assert_eq!(ran_out(&engine), Some(at(START)));
        engine.top_up("one", "acme", usd("10.00"), None).expect("booked");
        assert_eq!(ran_out(&engine), None);
        dollars(&engine, "again", 10);
        assert_eq!(ran_out(&engine), Some(at(START)));
        assert_eq!(engine.check_open().expect("it is worked out"), []);
        proven(&engine);
    }
}

both! {
    fn what_runs_runs_out_sooner_by_what_is_used(bed: &Bed) {
        let engine = bed.engine(0, at(START));
        cloud(&engine, "one", &["acme"]);
        engine.top_up("one", "acme", usd("100.00"), None).expect("booked");
        start(&engine, "one", "web", "acme");
        // A dollar an hour, fourteen to the end of the day: 85 may be used unseen.
        dollars(&engine, "first", 1);
        dollars(&engine, "unseen", 80);
        dollars(&engine, "seen", 10);
        engine.advance(later(12 * 3_600)).expect("time goes by");
        assert_eq!(ran_out(&engine), Some(later(9 * 3_600)));
        assert_eq!(engine.check_open().expect("it is worked out"), []);
        proven(&engine);
    }
}
