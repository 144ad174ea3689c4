//! Every collection, with the fields it can be found by. Names and field names are those existing MongoDB
//! deployments have; `index.*` holds what is derived for finding and sorting, and is never shown.

use crate::store::{Collection, Field, Index};

/// Trees, with their collaborators, settings and statistics.
pub static FAMILY_TREES: Collection = Collection {
    name: "familytrees",
    fields: &[
        Field::text("ownerId"),
        Field::text("createdAt"),
        Field::text("updatedAt"),
        Field::text("index.name"),
        Field::array("index.memberIds"),
        Field::array("collaborators.userId"),
    ],
    indexes: &[Index::on(&["ownerId", "createdAt"]), Index::on(&["ownerId", "updatedAt"])],
};

/// What the shape of a tree (who descends from whom) last changed with: one document a tree, whose version
/// makes two concurrent changes of that shape notice each other.
pub static TREE_STRUCTURES: Collection = Collection { name: "treestructures", fields: &[], indexes: &[] };

/// Which tree was made for someone who had none: one document a user, so that two first requests at once make
/// one tree.
pub static DEFAULT_TREES: Collection = Collection { name: "defaulttrees", fields: &[], indexes: &[] };

/// Persons.
pub static PEOPLE: Collection = Collection {
    name: "people",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("importId"),
        Field::text("createdAt"),
        Field::text("updatedAt"),
        Field::text("gender"),
        Field::text("index.sortName"),
        Field::text("index.names"),
        Field::integer("index.birthDay"),
        // How far that may be from the birth: see `when::doubt`.
        Field::text("index.birthDoubt"),
        Field::integer("index.livingUntil"),
        Field::array("index.cites"),
    ],
    indexes: &[
        Index::on(&["familyTreeId"]),
        Index::on(&["familyTreeId", "index.sortName"]),
        Index::on(&["familyTreeId", "index.birthDay"]),
        Index::on(&["familyTreeId", "updatedAt"]),
    ],
};

/// Relationships between two persons of one tree.
pub static RELATIONSHIPS: Collection = Collection {
    name: "relationships",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("importId"),
        Field::text("person1Id"),
        Field::text("person2Id"),
        Field::text("type"),
        Field::text("index.pair"),
        Field::text("index.birthParent"),
        // Kind, word and first day, for the kin graph: see `relationship::tie`.
        Field::text("index.tie"),
        Field::array("index.cites"),
    ],
    indexes: &[
        Index::on(&["familyTreeId"]),
        Index::on(&["person1Id"]),
        Index::on(&["person2Id"]),
        Index::unique(&["index.pair"]),
        Index::unique(&["index.birthParent"]),
    ],
};

/// One entry per change of a person, with the whole person.
pub static PERSON_HISTORIES: Collection = Collection {
    name: "personhistories",
    // The snapshot, `data`, says in which tree the person was: entries outlive it, but not the tree.
    fields: &[
        Field::text("personId"),
        Field::integer("version"),
        Field::text("changeType"),
        Field::text("data.familyTreeId"),
    ],
    indexes: &[Index::unique(&["personId", "version"]), Index::on(&["data.familyTreeId", "changeType"])],
};

/// Stories and life events.
pub static EVENTS: Collection = Collection {
    name: "events",
    fields: &[
        Field::text("userId"),
        Field::text("familyTreeId"),
        Field::text("privacy"),
        Field::text("category"),
        Field::text("title"),
        Field::text("date"),
        Field::text("createdAt"),
        Field::array("relatedPersons"),
        Field::array("tags"),
    ],
    indexes: &[
        Index::on(&["userId", "date"]),
        Index::on(&["familyTreeId", "date"]),
        Index::on(&["privacy", "date"]),
    ],
};

/// Notifications.
pub static NOTIFICATIONS: Collection = Collection {
    name: "notifications",
    fields: &[
        Field::text("userId"),
        Field::text("actorId"),
        Field::integer("isRead"),
        Field::text("createdAt"),
    ],
    indexes: &[
        Index::on(&["userId", "createdAt"]),
        Index::on(&["userId", "isRead", "createdAt"]),
        Index::on(&["actorId"]),
    ],
};

/// GEDCOM imports: state, progress and report.
pub static IMPORTS: Collection = Collection {
    name: "imports",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("createdAt"),
        Field::text("status"),
        Field::text("expiresAt"),
    ],
    indexes: &[Index::on(&["familyTreeId", "createdAt"]), Index::on(&["status"]), Index::on(&["expiresAt"])],
};

/// Files on their way here in pieces, and one document a user that lets no two begin at once.
pub static UPLOADS: Collection = Collection {
    name: "uploads",
    fields: &[Field::text("familyTreeId"), Field::text("userId"), Field::text("expiresAt")],
    indexes: &[Index::on(&["familyTreeId"]), Index::on(&["userId"]), Index::on(&["expiresAt"])],
};

/// What an import that was looked at first would change: one document a person or record.
pub static IMPORT_CHANGES: Collection = Collection {
    name: "importchanges",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("importId"),
        Field::text("kind"),
        Field::integer("number"),
    ],
    indexes: &[
        Index::on(&["familyTreeId"]),
        Index::on(&["importId", "number"]),
        Index::on(&["importId", "kind", "number"]),
    ],
};

/// What documents were before an import changed them, for as long as it can be undone.
pub static IMPORT_BACKUPS: Collection = Collection {
    name: "importbackups",
    fields: &[Field::text("familyTreeId"), Field::text("importId")],
    indexes: &[Index::on(&["familyTreeId"]), Index::on(&["importId"])],
};

/// Exports that are made by a job: state, progress and what was asked.
pub static EXPORTS: Collection = Collection {
    name: "exports",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("userId"),
        Field::text("createdAt"),
        Field::text("expiresAt"),
        Field::text("status"),
    ],
    indexes: &[
        Index::on(&["familyTreeId", "userId", "createdAt"]),
        Index::on(&["userId", "status"]),
        Index::on(&["status"]),
        Index::on(&["expiresAt"]),
    ],
};

/// GEDCOM records that are not persons (families, sources, notes, media, submitters, the header), as they
/// were read. What they say is only there; `index` says what kind it is, what it is called and what it points to.
pub static GEDCOM_RECORDS: Collection = Collection {
    name: "gedcomrecords",
    fields: &[
        Field::text("familyTreeId"),
        Field::text("importId"),
        Field::text("gedcom.xref"),
        Field::text("index.kind"),
        Field::text("index.title"),
        Field::array("index.cites"),
    ],
    indexes: &[
        Index::on(&["familyTreeId"]),
        Index::on(&["familyTreeId", "index.kind", "index.title"]),
        Index::on(&["familyTreeId", "gedcom.xref"]),
    ],
};

/// All of them, for the adapters to build.
pub static ALL: &[&Collection] = &[
    &FAMILY_TREES,
    &TREE_STRUCTURES,
    &DEFAULT_TREES,
    &PEOPLE,
    &RELATIONSHIPS,
    &PERSON_HISTORIES,
    &EVENTS,
    &NOTIFICATIONS,
    &IMPORTS,
    &UPLOADS,
    &IMPORT_CHANGES,
    &IMPORT_BACKUPS,
    &EXPORTS,
    &GEDCOM_RECORDS,
];
