//! The fields of SPDX 2.3 that are written.

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    pub spdx_version: &'static str,
    pub data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub id: &'static str,
    pub name: &'a str,
    pub document_namespace: String,
    pub creation_info: CreationInfo<'a>,
    pub packages: Vec<Package<'a>>,
    pub relationships: Vec<Relationship<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub has_extracted_licensing_infos: Vec<ExtractedLicense<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreationInfo<'a> {
    pub created: &'a str,
    pub creators: [String; 1],
    pub license_list_version: String,
}

/// A package. What is none or empty is not written.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package<'a> {
    #[serde(rename = "SPDXID")]
    pub id: &'a str,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_info: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_file_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_package_purpose: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<&'a str>,
    pub download_location: String,
    /// Always false, and always said: true is the default.
    pub files_analyzed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksums: Option<[Checksum; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_declared: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_comments: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub external_refs: Vec<ExternalReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub annotations: Option<[Annotation<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Checksum {
    pub algorithm: &'static str,
    pub checksum_value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalReference {
    pub reference_category: &'static str,
    pub reference_type: &'static str,
    pub reference_locator: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Annotation<'a> {
    pub annotation_date: &'a str,
    pub annotation_type: &'static str,
    pub annotator: String,
    pub comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship<'a> {
    pub spdx_element_id: &'a str,
    pub relationship_type: &'static str,
    pub related_spdx_element: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtractedLicense<'a> {
    pub license_id: String,
    pub extracted_text: String,
    pub name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub see_alsos: Vec<String>,
}
