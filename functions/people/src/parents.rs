//! Parents given with a person: `parentIds`, `biologicalMotherId`, `biologicalFatherId`, `legalParents`.

use std::collections::{HashMap, HashSet};

use dzinza_domain::FieldProblem;
use dzinza_domain::collections::{PEOPLE, RELATIONSHIPS};
use dzinza_domain::fields::{Input, enum_value, text_list, text_value};
use dzinza_domain::relationship::{Kind, NewRelationship, read_new};
use dzinza_ports::{Batch, Body, Document};
use dzinza_web::{Edit, Problem, TreeAccess};
use serde_json::{Value, json};

use crate::PeoplePorts;
use crate::edit::touch_structure;
use crate::kinfolk::edges;

const LEGAL: &[&str] = &["Adoptive", "Guardian", "Foster", "Step-parent", "Other"];
const LEGAL_ROLES: &[&str] = &["AdoptiveMother", "AdoptiveFather", "Guardian", "FosterParent", "StepMother", "StepFather"];

/// The parents a request asks for. `None` means that it says nothing about that kind.
#[derive(Debug, Default, Clone)]
pub struct WantedParents {
    plain: Vec<String>,
    /// Role, and the parent or nobody.
    birth: Vec<(&'static str, Option<String>)>,
    legal: Option<Vec<(String, String)>>,
}

impl WantedParents {
    /// Reads them.
    pub fn read(input: &Body) -> Result<Self, Problem> {
        let given = Input(input);
        let mut wanted = Self::default();
        if let Some(Value::Array(ids)) = text_list(given.get(&["parentIds", "parent_ids"]), "parentIds", 200)? {
            wanted.plain = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        for (role, field, alias) in [
            ("BiologicalMother", "biologicalMotherId", "biological_mother_id"),
            ("BiologicalFather", "biologicalFatherId", "biological_father_id"),
        ] {
            if let Some(value) = text_value(given.get(&[field, alias]), field, 200)? {
                wanted.birth.push((role, value.as_str().map(str::to_owned)));
            }
        }
        if let Some(value) = given.get(&["legalParents", "legal_parents"]) {
            wanted.legal = Some(read_legal(value)?);
        }
        Ok(wanted)
    }

    /// Whether the request says nothing that could change an existing person's parents.
    pub fn is_empty(&self) -> bool {
        self.birth.is_empty() && self.legal.is_none()
    }
}

fn read_legal(value: &Value) -> Result<Vec<(String, String)>, Problem> {
    let entries = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(entries) if entries.len() <= 20 => entries,
        _ => return Err(Problem::field("legalParents", "invalid_type", "legalParents must be a list of at most 20")),
    };
    let mut legal = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let field = |key: &str| format!("legalParents.{place}.{key}");
        let Value::Object(entry) = entry else {
            return Err(Problem::field(format!("legalParents.{place}"), "invalid_type", "Each legal parent is an object"));
        };
        let entry = Input(entry);
        let parent = text_value(entry.get(&["parentId", "parent_id"]), &field("parentId"), 200)?;
        let kind = enum_value(entry.get(&["relationshipType"]), &field("relationshipType"), LEGAL)?;
        let Some(Value::String(parent)) = parent else { return Err(FieldProblem::required(&field("parentId")).into()) };
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or("Other").to_owned();
        legal.push((parent, kind));
    }
    Ok(legal)
}

/// Which relationships to add and to take away for the parents that were asked for.
#[derive(Debug, Default)]
pub struct ParentPlan {
    add: Vec<NewRelationship>,
    remove: Vec<Document>,
    structure: Batch,
}

impl ParentPlan {
    /// For a person that is being made, who can have no descendants yet.
    pub async fn for_new(
        ports: &PeoplePorts,
        access: &TreeAccess<Edit>,
        id: &str,
        wanted: &WantedParents,
    ) -> Result<Self, Problem> {
        let mut plan = Self::default();
        let people = load_parents(ports, access, wanted).await?;
        let mut roles = HashSet::new();
        let mut pairs = HashSet::new();
        for (role, parent) in &wanted.birth {
            let Some(parent) = parent else { continue };
            roles.insert((*role).to_owned());
            pairs.insert(parent.clone());
            plan.add.push(link(parent, id, Some(role), &people)?);
        }
        for parent in wanted.plain.iter().filter(|parent| pairs.insert((*parent).clone())).collect::<Vec<_>>() {
            let mut new = link(parent, id, None, &people)?;
            let role = new.fields.get("parentalRole").and_then(Value::as_str).unwrap_or("Other").to_owned();
            // A second mother or father is still a parent; only one can have given birth.
            if role.starts_with("Biological") && !roles.insert(role) {
                new.fields.insert("parentalRole".into(), json!("Other"));
            }
            plan.add.push(new);
        }
        for (parent, kind) in wanted.legal.iter().flatten() {
            if pairs.insert(parent.clone()) {
                plan.add.push(legal_link(parent, id, kind, &people)?);
            }
        }
        Ok(plan)
    }

    /// For a person that is there: what differs from its present parents, with loops refused.
    pub async fn for_known(
        ports: &PeoplePorts,
        access: &TreeAccess<Edit>,
        id: &String,
        wanted: &WantedParents,
    ) -> Result<Self, Problem> {
        let mut plan = Self::default();
        if wanted.is_empty() {
            return Ok(plan);
        }
        let people = load_parents(ports, access, wanted).await?;
        let present = edges(&ports.documents, &access.tree.body, "person2Id", std::slice::from_ref(id)).await?;
        let parental = |document: &&Document| Kind::of(&document.body).is_parental();
        let text = |document: &Document, key: &str| {
            document.body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        for (role, parent) in &wanted.birth {
            let old = present.iter().filter(parental).find(|document| text(document, "parentalRole") == *role);
            if old.map(|old| text(old, "person1Id")).as_ref() == parent.as_ref() {
                continue;
            }
            plan.remove.extend(old.cloned());
            if let Some(parent) = parent {
                plan.add.push(link(parent, id, Some(role), &people)?);
            }
        }
        if let Some(legal) = &wanted.legal {
            let is_legal = |document: &&Document| LEGAL_ROLES.contains(&text(document, "parentalRole").as_str());
            plan.remove.extend(present.iter().filter(parental).filter(is_legal).cloned());
            for (parent, kind) in legal {
                plan.add.push(legal_link(parent, id, kind, &people)?);
            }
        }
        for new in &plan.add {
            crate::lineage::refuse_loop(ports, &access.tree.body, &new.person1, id).await?;
        }
        touch_structure(ports, &mut plan.structure, access.id()).await?;
        Ok(plan)
    }

    /// Adds the plan to a batch; says by how many relationships the tree grows.
    pub fn apply(self, batch: &mut Batch, ports: &PeoplePorts, access: &TreeAccess<Edit>, now: &str) -> i64 {
        let grows = self.add.len() as i64 - self.remove.len() as i64;
        for old in &self.remove {
            batch.delete(&RELATIONSHIPS, old);
        }
        for new in self.add {
            // The parent changes version, so that deleting it at the same moment notices the new child.
            batch.adjust(&PEOPLE, new.person1.as_str(), Vec::new(), Body::new());
            batch.insert(&RELATIONSHIPS, ports.ids.new_id(), new.into_body(access.id(), &access.caller.user_id, now));
        }
        batch.writes.extend(self.structure.writes);
        grows
    }
}

async fn load_parents(
    ports: &PeoplePorts,
    access: &TreeAccess<Edit>,
    wanted: &WantedParents,
) -> Result<HashMap<String, Body>, Problem> {
    let named = wanted.plain.iter().map(|id| ("parentIds", id));
    let birth = wanted.birth.iter().filter_map(|(role, id)| {
        let field = if *role == "BiologicalMother" { "biologicalMotherId" } else { "biologicalFatherId" };
        Some((field, id.as_ref()?))
    });
    let legal = wanted.legal.iter().flatten().map(|(id, _)| ("legalParents", id));
    let mut people = HashMap::new();
    for (field, id) in named.chain(birth).chain(legal) {
        let person = ports.documents.get(&PEOPLE, id).await?;
        let person = person.filter(|person| person.body.get("familyTreeId") == Some(&json!(access.id())));
        let message = "A parent must be a person of the same family tree";
        let person = person.ok_or_else(|| Problem::field(field, "unknown_person", message))?;
        people.insert(id.clone(), person.body);
    }
    Ok(people)
}

fn link(parent: &str, child: &str, role: Option<&str>, people: &HashMap<String, Body>) -> Result<NewRelationship, Problem> {
    let mut request = Body::new();
    request.insert("person1Id".into(), json!(parent));
    request.insert("person2Id".into(), json!(child));
    request.insert("type".into(), json!("PARENT_CHILD"));
    if let Some(role) = role {
        request.insert("parentalRole".into(), json!(role));
    }
    let mut new = read_new(&request)?;
    new.complete(people.get(parent).unwrap_or(&Body::new()))?;
    Ok(new)
}

fn legal_link(parent: &str, child: &str, kind: &str, people: &HashMap<String, Body>) -> Result<NewRelationship, Problem> {
    let male = people.get(parent).and_then(|person| person.get("gender")).and_then(Value::as_str) == Some("Male");
    let role = match (kind, male) {
        ("Adoptive", true) => "AdoptiveFather",
        ("Adoptive", false) => "AdoptiveMother",
        ("Guardian", _) => "Guardian",
        ("Foster", _) => "FosterParent",
        ("Step-parent", true) => "StepFather",
        ("Step-parent", false) => "StepMother",
        _ => "Other",
    };
    link(parent, child, Some(role), people)
}
