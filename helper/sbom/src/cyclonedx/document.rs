//! The fields of CycloneDX 1.6 (ECMA-424) that are written, in their order.

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    pub bom_format: &'static str,
    pub spec_version: &'static str,
    pub serial_number: String,
    pub version: u32,
    pub metadata: Metadata<'a>,
    pub components: Vec<Element<'a>>,
    pub dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub timestamp: &'a str,
    pub tools: Tools<'a>,
    pub component: Element<'a>,
}

#[derive(Serialize)]
pub(super) struct Tools<'a> {
    pub components: [Element<'a>; 1],
}

/// A component. What is empty is not written.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Element<'a> {
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(rename = "bom-ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hashes: Option<[Hash; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pedigree: Option<Pedigree<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
}

#[derive(Serialize)]
pub(super) struct Hash {
    pub alg: &'static str,
    pub content: String,
}

/// A license, or an expression, which stands alone.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Choice<'a> {
    License(LicenseElement<'a>),
    #[serde(untagged)]
    Expression {
        expression: String,
    },
}

#[derive(Serialize, Default)]
pub(super) struct LicenseElement<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Pedigree<'a> {
    pub ancestors: Vec<Element<'a>>,
}

#[derive(Serialize)]
pub(super) struct Reference {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub url: String,
}

#[derive(Serialize)]
pub(super) struct Property {
    pub name: &'static str,
    pub value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dependency {
    #[serde(rename = "ref")]
    pub reference: String,
    pub depends_on: Vec<String>,
}
