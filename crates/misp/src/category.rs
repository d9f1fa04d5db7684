//! MISP's attribute categories, and the one that describes a document best.

use crate::document::Document;
use crate::words::{Word, words};

words! {
    /// The 16 attribute categories, in the order of MISP's `describeTypes.json`, after "not said".
    #[derive(Default)]
    Category, "category" {
        /// Not said.
        #[default]
        Unstated = "unstated",
        /// A reference of the publishing organisation.
        InternalReference = "Internal reference",
        /// Who is targeted.
        TargetingData = "Targeting data",
        /// What scanners say.
        AntivirusDetection = "Antivirus detection",
        /// How it arrives.
        PayloadDelivery = "Payload delivery",
        /// What it leaves.
        ArtifactsDropped = "Artifacts dropped",
        /// Where it settles.
        PayloadInstallation = "Payload installation",
        /// How it stays.
        PersistenceMechanism = "Persistence mechanism",
        /// What it talks to.
        NetworkActivity = "Network activity",
        /// What it is.
        PayloadType = "Payload type",
        /// Who is behind it.
        Attribution = "Attribution",
        /// What others found.
        ExternalAnalysis = "External analysis",
        /// Accounts and cards.
        FinancialFraud = "Financial fraud",
        /// Tools used.
        SupportTool = "Support Tool",
        /// Accounts in social networks.
        SocialNetwork = "Social network",
        /// A natural person.
        Person = "Person",
        /// Anything else.
        Other = "Other",
    }
}

impl Category {
    /// The category of most attributes that are not deleted; of equally frequent ones the first in the list. Attributes
    /// without one of the categories are not counted.
    pub(crate) fn of(document: &Document) -> Self {
        let mut counts = [0_usize; Self::ALL.len()];
        let live = document
            .attributes()
            .filter(|placed| !placed.attribute.deleted.is_true());
        for category in
            live.filter_map(|placed| Self::from_name(&placed.attribute.category.text()?).ok())
        {
            counts[usize::from(category.index())] += 1;
        }
        let stated = Self::ALL.iter().copied().skip(1);
        let best = stated
            .rev()
            .max_by_key(|category| counts[usize::from(category.index())]);
        best.filter(|category| counts[usize::from(category.index())] > 0)
            .unwrap_or_default()
    }
}
