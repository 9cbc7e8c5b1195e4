//! LVM RAID: `lvs --all --reportformat json -o vg_name,lv_name,segtype,stripes,lv_attr,lv_health_status,devices`
//! (lvmraid(7)).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Array, Health};

/// The fields asked for, in order.
#[derive(Deserialize)]
struct Row {
    vg_name: String,
    lv_name: String,
    segtype: String,
    stripes: String,
    lv_attr: String,
    lv_health_status: String,
    devices: String,
}

#[derive(Deserialize)]
struct Report {
    lv: Vec<Row>,
}

#[derive(Deserialize)]
struct Reports {
    report: Vec<Report>,
}

/// Every RAID volume of the report.
///
/// # Errors
/// The text is not what lvs reports as JSON.
pub fn volumes(text: &str) -> Result<Vec<Array>, serde_json::Error> {
    let reports: Reports = serde_json::from_str(text)?;
    let rows: Vec<Row> = reports.report.into_iter().flat_map(|report| report.lv).collect();
    let mut images: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        if let Some(parent) = image_of(&row.lv_name) {
            images.entry((&row.vg_name, parent)).or_default().push(row);
        }
    }
    let raid = |row: &&Row| row.segtype.starts_with("raid") && !row.lv_name.starts_with('[');
    let none = Vec::new();
    let of = |row: &Row| images.get(&(row.vg_name.as_str(), row.lv_name.as_str())).unwrap_or(&none).clone();
    Ok(rows.iter().filter(raid).map(|row| row.array(&of(row))).collect())
}

/// `[home_rimage_0]` is an image of `home`.
fn image_of(name: &str) -> Option<&str> {
    let (parent, number) = name.strip_prefix('[')?.strip_suffix(']')?.rsplit_once("_rimage_")?;
    number.bytes().all(|digit| digit.is_ascii_digit()).then_some(parent)
}

impl Row {
    fn array(&self, images: &[&Self]) -> Array {
        let stripes: u32 = self.stripes.parse().unwrap_or(0);
        let designed = match self.segtype.as_str() {
            "raid1" => stripes.saturating_sub(1),
            "raid10" | "raid4" => 1,
            kind if kind.starts_with("raid5") => 1,
            kind if kind.starts_with("raid6") => 2,
            _ => 0,
        };
        let broken: Vec<&&Self> = images.iter().filter(|image| image.is_broken()).collect();
        let missing = u32::try_from(broken.len()).unwrap_or(u32::MAX);
        let mut remarks: Vec<String> =
            broken.iter().map(|image| format!("{} lies on a missing device", image.lv_name)).collect();
        remarks.extend(Some(self.lv_health_status.clone()).filter(|status| !status.is_empty()));
        Array {
            subject: format!("lvm {}/{}", self.vg_name, self.lv_name),
            level: self.segtype.clone(),
            designed,
            health: self.health(designed, missing, images.is_empty()),
            members: images.iter().filter(|image| !image.is_broken()).flat_map(|image| image.on()).collect(),
            remarks,
        }
    }

    fn health(&self, designed: u32, missing: u32, no_images: bool) -> Health {
        match self.lv_health_status.as_str() {
            // Without its images the status alone tells that something is gone, not how much.
            "partial" if no_images => {
                Health::Unknown { why: "lvs says partial and shows no images: ask with --all".to_owned() }
            }
            _ if missing > designed && self.segtype != "raid10" && designed > 0 => {
                Health::Lost { why: format!("{missing} images are gone, and it survives {designed}") }
            }
            _ => Health::Survives(designed.saturating_sub(missing)),
        }
    }

    /// Volume health in the ninth letter of the attributes: `p` partial; or no device that is known.
    fn is_broken(&self) -> bool {
        self.lv_attr.chars().nth(8) == Some('p') || self.devices.contains("[unknown]")
    }

    /// `/dev/sda1(0)`.
    fn on(&self) -> Vec<String> {
        let names = self.devices.split(',').filter_map(|device| device.split('(').next());
        names.filter(|name| name.starts_with("/dev/")).map(str::to_owned).collect()
    }
}
