//! The case's closed sets, with the names the API uses (contract.md).

use nearmiss_shared::words;

words! {
    /// Where the work on a case stands.
    Workflow {
        Opened = "opened",
        Acknowledged = "acknowledged",
        Mitigating = "mitigating",
        Stabilised = "stabilised",
        RetroHeld = "retro_held",
        ActionsOpen = "actions_open",
        Verified = "verified",
        Closed = "closed",
        Reopened = "reopened",
    }
}

words! {
    /// What a case turned out to be. One a case.
    Verdict {
        Averted = "averted",
        BecameIncident = "became_incident",
        FalseAlarm = "false_alarm",
        Undetermined = "undetermined",
        StandingHazard = "standing_hazard",
        Drill = "drill",
    }
}

words! {
    /// What was wrong with an alarm that was false.
    FalseAlarmCode {
        Sensor = "sensor",
        Threshold = "threshold",
        PlannedWork = "planned_work",
        Duplicate = "duplicate",
    }
}

words! {
    /// Whether what stopped it was ours to rely on.
    Control {
        Controlled = "controlled",
        External = "external",
        Luck = "luck",
        Unknown = "unknown",
    }
}

words! {
    /// What stopped it (domain.md 3.1).
    StoppedBy {
        Automation = "automation",
        Redundancy = "redundancy",
        DesignMargin = "design_margin",
        PreventiveControl = "preventive_control",
        MonitoredResponse = "monitored_response",
        HumanVigilance = "human_vigilance",
        External = "external",
        Coincidence = "coincidence",
        Luck = "luck",
        Unknown = "unknown",
    }
}

impl StoppedBy {
    /// Six classes are control; each of the others has its own line.
    pub const fn control(self) -> Control {
        match self {
            Self::External => Control::External,
            Self::Coincidence | Self::Luck => Control::Luck,
            Self::Unknown => Control::Unknown,
            _ => Control::Controlled,
        }
    }
}

words! {
    LuckClass {
        None = "none",
        Partial = "partial",
        Main = "main",
    }
}

words! {
    /// How much work a case asks for.
    Track {
        Brief = "brief",
        Standard = "standard",
        Serious = "serious",
    }
}

words! {
    RetroForm {
        Meeting = "meeting",
        Written = "written",
    }
}

words! {
    TaskState {
        Open = "open",
        Done = "done",
        Waived = "waived",
    }
}

words! {
    /// The running clocks of a case.
    TimerKind {
        AcknowledgeDue = "acknowledge_due",
        AcknowledgeExpires = "acknowledge_expires",
        InvitationDue = "invitation_due",
        RetrospectiveDue = "retrospective_due",
        AcceptanceEnds = "acceptance_ends",
    }
}

words! {
    /// Why a message is sent.
    MessageKind {
        Page = "page",
        Notice = "notice",
        Escalation = "escalation",
        Informed = "informed",
        Invitation = "invitation",
        InvitationCancelled = "invitation_cancelled",
        WrittenRetrospective = "written_retrospective",
        RetrospectiveOverdue = "retrospective_overdue",
        Stabilised = "stabilised",
        HandOff = "hand_off",
    }
}

words! {
    /// What a mitigation was.
    MitigationKind {
        Failover = "failover",
        Restart = "restart",
        Isolate = "isolate",
        Other = "other",
    }
}

words! {
    /// How an action makes luck unnecessary.
    ActionKind {
        Automate = "automate",
        Harden = "harden",
        Train = "train",
    }
}

words! {
    ActionState {
        Open = "open",
        Verified = "verified",
        Accepted = "accepted",
    }
}

words! {
    /// The Security Lead's word on a login, patch or misconfiguration case.
    Ruling {
        Precursor = "precursor",
        NoCompromise = "no_compromise",
        CannotTell = "cannot_tell",
    }
}
