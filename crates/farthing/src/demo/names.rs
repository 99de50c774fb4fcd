//! Names for customers nobody has: Latin ones, and Chinese ones for clouds whose people read Chinese first.

use farthing_core::money::Locale;

const LATIN: [&str; 48] = [
    "Harbour Robotics",
    "Fjordlight",
    "Kestrel Labs",
    "Ostrava Foundry",
    "Mapleworks",
    "Quillhouse",
    "Tidewater GIS",
    "Copperline",
    "Noctua Vision",
    "Sablefield",
    "Brightwater Genomics",
    "Penrose & Daughters",
    "Lanternfish",
    "Ochre Studio",
    "Halcyon Freight",
    "Ironbark Audio",
    "Vesper Health",
    "Larkspur Games",
    "Meridian Chess Club",
    "Thornbury Archive",
    "Solano Weather",
    "Pollen Analytics",
    "Driftwood Press",
    "Clearbrook Schools",
    "Umbra Render",
    "Juniper Logistics",
    "Saltmarsh Energy",
    "Wychwood",
    "Gannet Maritime",
    "Alder & Finch",
    "Basalt Imaging",
    "Cinder Cone",
    "Dovetail Legal",
    "Emberly",
    "Fathom Surveys",
    "Greywacke",
    "Hazelgrove Clinic",
    "Islet",
    "Kittiwake Travel",
    "Lodestar Maps",
    "Marram Data",
    "Nettlefold",
    "Osprey Telemetry",
    "Plover",
    "Ravenglass",
    "Stonechat Radio",
    "Turnstone",
    "Whimbrel",
];

const CHINESE: [&str; 32] = [
    "北辰计算",
    "青禾材料",
    "云舟科技",
    "澄海药物",
    "星野天文",
    "拾光影像",
    "知微生物",
    "南山气象",
    "松涛语言",
    "白鹭量化",
    "远帆物流",
    "清溪水务",
    "赤峰地质",
    "微澜声学",
    "长风航天",
    "竹里书院",
    "朝露基因",
    "磐石存储",
    "鹿鸣教育",
    "海棠设计",
    "银杏医学",
    "雁回地图",
    "蓝湾渔业",
    "沧浪动画",
    "小满农业",
    "紫藤法务",
    "凌霄机器人",
    "听雨工作室",
    "春山能源",
    "玉衡统计",
    "归云游戏",
    "半夏中药",
];

/// So many names for the cloud that is the `place`-th, each once within the cloud.
pub(super) fn of_customers(locale: Locale, place: usize, count: usize) -> impl Iterator<Item = &'static str> {
    let names: &'static [&'static str] = if locale == Locale::Zh { &CHINESE } else { &LATIN };
    // Steps of 5 and 7 have no factor in common with the lengths: every name comes before one comes again.
    let step = if locale == Locale::Zh { 5 } else { 7 };
    (0..count.min(names.len())).map(move |n| names[(place * 17 + n * step) % names.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_cloud_has_no_name_twice() {
        for locale in [Locale::En, Locale::Zh] {
            for place in 0..5 {
                let names: BTreeSet<_> = of_customers(locale, place, 20).collect();
                assert_eq!(names.len(), 20, "{locale:?} {place}");
            }
        }
    }
}
