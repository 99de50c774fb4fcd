//! Documents over HTTP: what they are called and are, and what is said where no e-invoice can be made.

use crate::bed::Bed;
use crate::client::Request;
use crate::document::Document;
use crate::world::World;

both! {
    fn a_bill_is_downloaded_by_its_number(bed: &Bed) {
        bed.cloud("ours");
        let (server, document) = (bed.serve(), Document::read());
        let key = bed.key("ours", false, "admin");
        let world = World { server: &server, document: &document, key: &key, prefix: "ours" };
        world.make("bill");
        let listed = server.get(&key, "/v1/bills?kind=bill");
        let text = |name: &str| listed["data"][0][name].as_str().expect("a text").to_owned();
        let (bill, number) = (text("id"), text("number"));
        let ask = |more: &str| server.send(&Request::get(&format!("/v1/bills/{bill}/document{more}")).key(&key));
        for more in ["", "?format=pdf"] {
            let pdf = ask(more);
            assert_eq!((pdf.status, pdf.header("content-type")), (200, Some("application/pdf")), "{more}");
            let named = format!("attachment; filename=\"{number}.pdf\"");
            assert_eq!(pdf.header("content-disposition"), Some(named.as_str()));
            assert!(pdf.body.starts_with("%PDF-1.7"));
        }
        // The test's cloud says neither where it is nor who: what is missing is named, with where it is set.
        for format in ["ubl", "cii"] {
            let none = ask(&format!("?format={format}"));
            assert_eq!(none.problem(422), "no_e_invoice");
            assert!(none.body.contains("the seller's country") && none.body.contains("[brand]"), "{}", none.body);
        }
        assert_eq!(ask("?format=docx").problem(400), "invalid");
    }
}
