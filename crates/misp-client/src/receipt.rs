use serde_json::{Value, json};
use uuid::{Uuid, uuid};

/// Of the object template `templates/ayumi-receipt/definition.json`.
const TEMPLATE: Uuid = uuid!("a7e1b6f0-53c4-4f0e-9d0f-2c6b8f4d1e92");
const TEMPLATE_VERSION: u32 = 1;

/// Whether an object is one of these.
pub(crate) fn is_receipt(object: &Value) -> bool {
    object["template_uuid"]
        .as_str()
        .and_then(|uuid| uuid.parse().ok())
        == Some(TEMPLATE)
}

/// That a document was delivered, as anyone can look it up on the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the task.
    pub task: String,
    /// The product, such as `3-17`.
    pub product: String,
    /// Hash of the transaction that delivered.
    pub transaction: String,
    /// What the document is committed to with.
    pub content_root: String,
    /// Of the chain.
    pub chain_id: u64,
    /// Address of the `CTIOperator`.
    pub operator: String,
}

impl Receipt {
    /// The uuid of its object: the same for the same task, wherever it goes.
    pub fn uuid(&self) -> Uuid {
        let name = format!("{}/{}/{}", self.chain_id, self.operator, self.task);
        Uuid::new_v5(&TEMPLATE, name.to_lowercase().as_bytes())
    }

    /// The MISP object, dated as the event that it goes into.
    pub(crate) fn to_object(&self, timestamp: u64) -> Value {
        let (uuid, timestamp) = (self.uuid(), timestamp.to_string());
        let attributes = self.fields().map(|(relation, value)| {
            json!({
                "uuid": Uuid::new_v5(&uuid, relation.as_bytes()),
                "type": "text",
                "category": "Other",
                "object_relation": relation,
                "value": value,
                "to_ids": false,
                "disable_correlation": true,
                "distribution": "5",
                "timestamp": timestamp,
                "comment": "",
            })
        });
        json!({
            "uuid": uuid,
            "name": "ayumi-receipt",
            "meta-category": "misc",
            "description": "Where a document came from: its delivery over an Ayumi consortium's chain, which anyone in the consortium can look up.",
            "template_uuid": TEMPLATE,
            "template_version": TEMPLATE_VERSION.to_string(),
            "distribution": "5",
            "timestamp": timestamp,
            "comment": "",
            "Attribute": attributes,
        })
    }

    fn fields(&self) -> [(&'static str, String); 6] {
        [
            ("task", self.task.clone()),
            ("product", self.product.clone()),
            ("transaction", self.transaction.clone()),
            ("content-root", self.content_root.clone()),
            ("chain-id", self.chain_id.to_string()),
            ("operator", self.operator.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(task: &str) -> Receipt {
        Receipt {
            task: task.into(),
            product: "3-17".into(),
            transaction: "0x01".into(),
            content_root: "0x02".into(),
            chain_id: 31337,
            operator: "0xAb".into(),
        }
    }

    #[test]
    fn a_receipt_is_the_same_object_each_time() {
        assert_eq!(receipt("1").to_object(9), receipt("1").to_object(9));
        assert_ne!(receipt("1").uuid(), receipt("2").uuid());
        let lower = Receipt {
            operator: "0xab".into(),
            ..receipt("1")
        };
        assert_eq!(lower.uuid(), receipt("1").uuid());
    }

    #[test]
    fn it_is_as_its_template_says() {
        let template = include_str!("../templates/ayumi-receipt/definition.json");
        let template = serde_json::from_str::<Value>(template).unwrap();
        let object = receipt("1").to_object(9);
        for (key, ours) in [
            ("name", "name"),
            ("meta-category", "meta-category"),
            ("description", "description"),
            ("uuid", "template_uuid"),
        ] {
            assert_eq!(template[key], object[ours]);
        }
        assert_eq!(template["version"], TEMPLATE_VERSION);
        let attributes = object["Attribute"].as_array().unwrap();
        assert_eq!(
            attributes.len(),
            template["attributes"].as_object().unwrap().len()
        );
        for attribute in attributes {
            let relation = attribute["object_relation"].as_str().unwrap();
            let stated = &template["attributes"][relation];
            assert_eq!(stated["misp-attribute"], attribute["type"], "{relation}");
        }
    }
}
