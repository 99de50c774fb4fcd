//! What a charge was for: when within its time a thing cost something, how long, how much of it there was, whose it was.

use crate::catalog::Product;
use crate::ledger::OwnerId;
use crate::rate::Factor;
use crate::time::Instant;
use crate::timeline::Segment;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Had {
    /// From its first second that cost something to its last.
    pub ran: Option<(Instant, Instant)>,
    pub seconds: i128,
    /// Sizes by seconds, in millionths.
    pub sized: i128,
    /// The configuration, where it had one, and who ran it, of the last stretch.
    pub sku: String,
    pub user: String,
}

impl Had {
    /// Adds what a thing did for a payer between two instants.
    pub fn add(&mut self, segments: &[Segment], product: &Product, payer: OwnerId, (from, to): (Instant, Instant)) {
        let costs = |segment: &&Segment| {
            segment.payer == payer
                && segment.from < to
                && segment.to.is_none_or(|end| from < end)
                && product.states.get(segment.state.name()).is_some_and(|share| *share != Factor::ZERO)
        };
        for segment in segments.iter().filter(costs) {
            let begin = segment.from.max(from);
            let end = segment.to.map_or(to, |end| end.min(to));
            let seconds = i128::from(end.floor_second().seconds_since(begin.floor_second()));
            let sized = i128::from(segment.size.millionths()).saturating_mul(seconds);
            self.seconds = self.seconds.saturating_add(seconds);
            self.sized = self.sized.saturating_add(sized);
            let (first, last) = self.ran.unwrap_or((begin, end));
            self.ran = Some((first.min(begin), last.max(end)));
            self.sku = segment.sku.as_ref().map(ToString::to_string).unwrap_or_default();
            if let Some(user) = &segment.user {
                self.user = user.to_string();
            }
        }
    }
}
