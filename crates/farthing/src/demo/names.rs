//! Names for customers nobody has, as accounts are named: English ones, and Chinese ones for clouds whose people read Chinese
//! first; and what customers call their machines.

use farthing_core::money::Locale;

const LATIN: [&str; 48] = [
    "harbour-robotics",
    "fjordlight",
    "kestrel-labs",
    "ostrava-foundry",
    "mapleworks",
    "quillhouse",
    "tidewater-gis",
    "copperline",
    "noctua-vision",
    "sablefield",
    "brightwater-genomics",
    "penrose-and-daughters",
    "lanternfish",
    "ochre-studio",
    "halcyon-freight",
    "ironbark-audio",
    "vesper-health",
    "larkspur-games",
    "meridian-chess-club",
    "thornbury-archive",
    "solano-weather",
    "pollen-analytics",
    "driftwood-press",
    "clearbrook-schools",
    "umbra-render",
    "juniper-logistics",
    "saltmarsh-energy",
    "wychwood",
    "gannet-maritime",
    "alder-and-finch",
    "basalt-imaging",
    "cinder-cone",
    "dovetail-legal",
    "emberly",
    "fathom-surveys",
    "greywacke",
    "hazelgrove-clinic",
    "islet",
    "kittiwake-travel",
    "lodestar-maps",
    "marram-data",
    "nettlefold",
    "osprey-telemetry",
    "plover",
    "ravenglass",
    "stonechat-radio",
    "turnstone",
    "whimbrel",
];

const PINYIN: [&str; 32] = [
    "beichen-jisuan",
    "qinghe-cailiao",
    "yunzhou-keji",
    "chenghai-yaowu",
    "xingye-tianwen",
    "shiguang-yingxiang",
    "zhiwei-shengwu",
    "nanshan-qixiang",
    "songtao-yuyan",
    "bailu-lianghua",
    "yuanfan-wuliu",
    "qingxi-shuiwu",
    "chifeng-dizhi",
    "weilan-shengxue",
    "changfeng-hangtian",
    "zhuli-shuyuan",
    "zhaolu-jiyin",
    "panshi-cunchu",
    "luming-jiaoyu",
    "haitang-sheji",
    "yinxing-yixue",
    "yanhui-ditu",
    "lanwan-yuye",
    "canglang-donghua",
    "xiaoman-nongye",
    "ziteng-fawu",
    "lingxiao-jiqiren",
    "tingyu-gongzuoshi",
    "chunshan-nengyuan",
    "yuheng-tongji",
    "guiyun-youxi",
    "banxia-zhongyao",
];

const MACHINES: [&str; 8] = ["web", "api", "train", "lab", "db", "render", "cache", "edge"];

/// What a customer calls its `number`-th thing.
pub(super) fn of_machine(number: usize) -> &'static str {
    MACHINES[number % MACHINES.len()]
}

/// What is put behind a name that was given already, in the order of the rounds.
const AGAIN: [[&str; 5]; 2] =
    [["", "-labs", "-europe", "-research", "-two"], ["", "-yanjiuyuan", "-shanghai", "-shenzhen", "-er"]];

/// So many names for the cloud that is the `place`-th, each once within the cloud.
pub(super) fn of_customers(locale: Locale, place: usize, count: usize) -> impl Iterator<Item = String> {
    let chinese = locale == Locale::Zh;
    let names: &'static [&'static str] = if chinese { &PINYIN } else { &LATIN };
    // Steps of 5 and 7 have no factor in common with the lengths: every name comes before one comes again.
    let step = if chinese { 5 } else { 7 };
    let endings = &AGAIN[usize::from(chinese)];
    (0..count.min(names.len() * endings.len()))
        .map(move |n| format!("{}{}", names[(place * 17 + n * step) % names.len()], endings[n / names.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_cloud_has_no_name_twice() {
        for locale in [Locale::En, Locale::Zh] {
            for place in 0..5 {
                let names: BTreeSet<_> = of_customers(locale, place, 150).collect();
                assert_eq!(names.len(), 150, "{locale:?} {place}");
            }
        }
    }
}
