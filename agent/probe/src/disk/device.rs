//! Where a drive is found and how it is spoken to.

use nearmiss_agent_core::smart;

/// An address: it may hold another drive tomorrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) name: String,
    /// smartctl's `-d`.
    pub(super) kind: String,
}

impl Device {
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), kind: "auto".to_owned() }
    }

    /// As the configuration names one: `/dev/sda`, or `/dev/sda -d cciss,0`.
    pub(super) fn configured(words: &str) -> Self {
        let typed = smart::scan(words).drives.into_iter().next();
        typed.map_or_else(|| Self::named(words), Self::from)
    }

    /// The same device, spoken to in another way.
    pub(super) fn of_kind(&self, kind: &str) -> Self {
        Self { name: self.name.clone(), kind: kind.to_owned() }
    }

    /// What can hold one drive at a time. The members behind a controller share its name and differ by their type.
    pub(super) fn place(&self) -> String {
        if smart::is_member(&self.kind) {
            format!("{} -d {}", self.name, self.kind)
        } else {
            self.name.clone()
        }
    }
}

impl From<smart::Scanned> for Device {
    fn from(scanned: smart::Scanned) -> Self {
        Self { name: scanned.device, kind: scanned.kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_holds_one_drive() {
        for (words, name, kind, place) in [
            ("/dev/sda", "/dev/sda", "auto", "/dev/sda"),
            ("/dev/sda -d sat,12", "/dev/sda", "sat,12", "/dev/sda"),
            ("/dev/sda -d cciss,0", "/dev/sda", "cciss,0", "/dev/sda -d cciss,0"),
            ("/dev/bus/0 -d megaraid,4", "/dev/bus/0", "megaraid,4", "/dev/bus/0 -d megaraid,4"),
        ] {
            let device = Device::configured(words);
            assert_eq!((device.name.as_str(), device.kind.as_str()), (name, kind));
            assert_eq!(device.place(), place);
        }
    }
}
