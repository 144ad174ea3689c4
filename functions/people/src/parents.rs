//! Parents given with a person: `parentIds`, `biologicalMotherId`, `biologicalFatherId`, `legalParents`.

use std::collections::{HashMap, HashSet};

use dzinza_domain::FieldProblem;
use dzinza_domain::collections::{PEOPLE, RELATIONSHIPS};
use dzinza_domain::fields::{Input, enum_value, text_list, text_value};
use dzinza_domain::relationship::{self, Kind, NewRelationship, read_new};
use dzinza_domain::tree::pending_imports;
use dzinza_ports::{Batch, Body, Document};
use dzinza_web::{Edit, Problem, TreeAccess};
use serde_json::{Value, json};

use crate::PeoplePorts;
use crate::edit::touch_structure;
use crate::kinfolk::edges;

const LEGAL: &[&str] = &["Adoptive", "Guardian", "Foster", "Step-parent", "Other"];

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
        if let Some(Value::Array(ids)) = text_list(given.get(&["parentIds", "parent_ids"]), "parentIds", 200)?
        {
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
        self.birth.is_empty() && self.legal.is_none() && self.plain.is_empty()
    }
}

fn read_legal(value: &Value) -> Result<Vec<(String, String)>, Problem> {
    let entries = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(entries) if entries.len() <= 20 => entries,
        _ => {
            return Err(Problem::field(
                "legalParents",
                "invalid_type",
                "legalParents must be a list of at most 20",
            ));
        }
    };
    let mut legal = Vec::with_capacity(entries.len());
    for (place, entry) in entries.iter().enumerate() {
        let field = |key: &str| format!("legalParents.{place}.{key}");
        let Value::Object(entry) = entry else {
            return Err(Problem::field(
                format!("legalParents.{place}"),
                "invalid_type",
                "Each legal parent is an object",
            ));
        };
        let entry = Input(entry);
        let parent = text_value(entry.get(&["parentId", "parent_id"]), &field("parentId"), 200)?;
        let kind = enum_value(entry.get(&["relationshipType"]), &field("relationshipType"), LEGAL)?;
        let Some(Value::String(parent)) = parent else {
            return Err(FieldProblem::required(&field("parentId")).into());
        };
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or("Other").to_owned();
        legal.push((parent, kind));
    }
    Ok(legal)
}

/// Which relationships to add, to change and to take away for the parents that were asked for.
#[derive(Debug, Default)]
pub struct ParentPlan {
    add: Vec<NewRelationship>,
    change: Vec<(Document, String)>,
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
        let people = load_parents(ports, access, wanted).await?;
        let mut plan = Self::default();
        plan.compare(id, wanted, &people, &[])?;
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
        // The version of the shape is read before the shape is walked, or a change between the two goes unseen.
        touch_structure(ports, &mut plan.structure, access.id()).await?;
        let people = load_parents(ports, access, wanted).await?;
        let mut present =
            edges(&ports.documents, &access.tree.body, "person2Id", std::slice::from_ref(id)).await?;
        present.retain(|document| Kind::of(&document.body).is_parental());
        plan.compare(id, wanted, &people, &present)?;
        for new in &plan.add {
            crate::kinfolk::refuse_loop(ports, &access.tree.body, &new.person1, id).await?;
        }
        Ok(plan)
    }

    fn compare(
        &mut self,
        child: &str,
        wanted: &WantedParents,
        people: &HashMap<String, Body>,
        present: &[Document],
    ) -> Result<(), Problem> {
        let mut taken: HashSet<&str> = HashSet::new();
        for (role, parent) in &wanted.birth {
            let old = present.iter().find(|edge| text(edge, "parentalRole") == *role);
            let same = old.is_some_and(|old| Some(text(old, "person1Id")) == parent.as_deref());
            self.remove.extend(old.filter(|_| !same).cloned());
            if let Some(parent) = parent {
                taken.insert(parent);
                self.want(parent, child, role, people, present)?;
            }
        }
        if let Some(legal) = &wanted.legal {
            let named = |edge: &&Document| legal.iter().any(|(parent, _)| parent == text(edge, "person1Id"));
            let gone = present.iter().filter(|edge| is_legal(edge) && !named(edge));
            self.remove.extend(gone.filter(|edge| !taken.contains(text(edge, "person1Id"))).cloned());
            for (parent, kind) in legal.iter().filter(|(parent, _)| !taken.contains(parent.as_str())) {
                let male =
                    people.get(parent).is_some_and(|person| person.get("gender") == Some(&json!("Male")));
                self.want(parent, child, legal_role(kind, male), people, present)?;
            }
        }
        self.plain(child, wanted, people, present)
    }

    /// Parents named without a role: those who are not there yet, mother or father by gender. A second of either is
    /// still a parent; only one can have given birth.
    fn plain(
        &mut self,
        child: &str,
        wanted: &WantedParents,
        people: &HashMap<String, Body>,
        present: &[Document],
    ) -> Result<(), Problem> {
        let mut roles: HashSet<String> =
            present.iter().map(|edge| text(edge, "parentalRole").to_owned()).collect();
        let role_of = |new: &NewRelationship| {
            new.fields.get("parentalRole").and_then(Value::as_str).unwrap_or("Other").to_owned()
        };
        roles.extend(self.add.iter().map(role_of));
        for parent in &wanted.plain {
            let known = present.iter().any(|edge| text(edge, "person1Id") == parent);
            if known || self.add.iter().any(|new| new.person1 == *parent) {
                continue;
            }
            let mut new = link(parent, child, None, people)?;
            let role = role_of(&new);
            if role.starts_with("Biological") && !roles.insert(role) {
                new.fields.insert("parentalRole".into(), json!("Other"));
            }
            self.add.push(new);
        }
        Ok(())
    }

    /// A parent in a role: nothing if it is so, a change of role if it is a parent already, else a new link.
    fn want(
        &mut self,
        parent: &str,
        child: &str,
        role: &str,
        people: &HashMap<String, Body>,
        present: &[Document],
    ) -> Result<(), Problem> {
        match present.iter().find(|edge| text(edge, "person1Id") == parent) {
            Some(edge) if text(edge, "parentalRole") == role => {}
            Some(edge) => {
                self.remove.retain(|gone| gone.id != edge.id);
                self.change.push((edge.clone(), role.to_owned()));
            }
            None => self.add.push(link(parent, child, Some(role), people)?),
        }
        Ok(())
    }

    /// Adds the plan to a batch; says by how many relationships the tree grows.
    pub fn apply(self, batch: &mut Batch, ports: &PeoplePorts, access: &TreeAccess<Edit>, now: &str) -> i64 {
        let grows = self.add.len() as i64 - self.remove.len() as i64;
        for old in &self.remove {
            batch.delete(&RELATIONSHIPS, old);
        }
        for (edge, role) in self.change {
            let mut body = edge.body.clone();
            body.insert("parentalRole".into(), json!(role));
            body.insert("updatedAt".into(), json!(now));
            relationship::refresh(&mut body);
            batch.replace(&RELATIONSHIPS, &edge, body);
        }
        for new in self.add {
            // The parent changes version, so that deleting it at the same moment notices the new child.
            batch.adjust(&PEOPLE, new.person1.as_str(), Vec::new(), Body::new());
            let body = new.into_body(access.id(), &access.caller.user_id, now);
            batch.insert(&RELATIONSHIPS, ports.ids.new_id(), body);
        }
        batch.writes.extend(self.structure.writes);
        grows
    }
}

fn text<'a>(document: &'a Document, key: &str) -> &'a str {
    document.body.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What the person's `legalParents` list: every parent not by birth.
fn is_legal(edge: &Document) -> bool {
    !text(edge, "parentalRole").starts_with("Biological")
}

fn legal_role(kind: &str, male: bool) -> &'static str {
    match (kind, male) {
        ("Adoptive", true) => "AdoptiveFather",
        ("Adoptive", false) => "AdoptiveMother",
        ("Guardian", _) => "Guardian",
        ("Foster", _) => "FosterParent",
        ("Step-parent", true) => "StepFather",
        ("Step-parent", false) => "StepMother",
        _ => "Other",
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
    let pending = pending_imports(&access.tree.body);
    let mut people = HashMap::new();
    for (field, id) in named.chain(birth).chain(legal) {
        let person = ports.documents.get(&PEOPLE, id).await?;
        let visible = |person: &Document| {
            text(person, "familyTreeId") == access.id()
                && !pending.iter().any(|import| import == text(person, "importId"))
        };
        let person = person.filter(visible);
        let message = "A parent must be a person of the same family tree";
        let person = person.ok_or_else(|| Problem::field(field, "unknown_person", message))?;
        people.insert(id.clone(), person.body);
    }
    Ok(people)
}

fn link(
    parent: &str,
    child: &str,
    role: Option<&str>,
    people: &HashMap<String, Body>,
) -> Result<NewRelationship, Problem> {
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
