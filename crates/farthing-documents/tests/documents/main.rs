//! Documents drawn, and e-invoices held against the norms. One program, because linking typst is what takes the time.

mod drawn;
mod norms;
mod samples;
