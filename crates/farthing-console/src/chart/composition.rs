//! Horizontal bars: what a sum is made of. The numbers stand beside them, so it is a table that can be seen at a glance.

use super::axis::percent;
use crate::block::Cell;
use crate::frame::PageError;
use crate::words::figure::Notation;

pub(crate) struct Composition {
    pub(crate) title: String,
    pub(crate) lines: Vec<Share>,
    pub(crate) empty: String,
}

pub(crate) struct Share {
    pub(crate) name: Cell,
    pub(crate) width: String,
    pub(crate) amount: Cell,
}

/// Of names and amounts, the largest of which is drawn over the whole width.
pub(crate) fn composition(
    title: String,
    lines: Vec<(Cell, i64)>,
    empty: String,
    notation: &Notation,
) -> Result<Composition, PageError> {
    let most = lines.iter().map(|(_, amount)| *amount).max().unwrap_or(0).max(1);
    let share = |(name, amount): (Cell, i64)| {
        let part = i128::from(amount.max(0)) * 10_000 / i128::from(most);
        let width = percent(usize::try_from(part).unwrap_or(0), 10_000);
        Ok(Share { name, width, amount: Cell::amount(notation.full(i128::from(amount))?) })
    };
    Ok(Composition { title, lines: lines.into_iter().map(share).collect::<Result<_, PageError>>()?, empty })
}
