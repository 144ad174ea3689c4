use crate::house::{Case, House};

const MEMBER: &str = "POST /api/genealogy/members";
const PERSON: &str = "PUT /api/persons/{child}";
const RELATE: &str = "POST /api/genealogy/relationships";
const TREE: &str = "POST /api/family-trees";
const REGISTER: &str = "POST /api/auth/register";

/// What is no JSON object, or none that means the same to everyone.
const NO_OBJECTS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[]",
    b"[{\"firstName\":\"A\"}]",
    b"\"A\"",
    b"1",
    b"null",
    b"true",
    b"{}{}",
    b"{} x",
    b"firstName=A",
    b"{firstName:\"A\"}",
    b"{'firstName':'A'}",
    b"{\"firstName\":\"A\",}",
    b"{\"firstName\":\"A\"} // x",
    b"{\"firstName\":NaN}",
    b"{\"firstName\":\"A\nB\"}",
    b"{\"firstName\":\"A",
    b"{\"a\":1e999,\"firstName\":\"A\"}",
    b"{\"a\":01,\"firstName\":\"A\"}",
    b"{\"firstName\":\"A\",\"firstName\":\"B\"}",
    b"{\"firstName\":\"A\",\"x\":{\"y\":1,\"y\":2}}",
    b"{\"firstName\":\"\\u0000\"}",
    b"{\"firstName\":\"A\",\"x\\u0000y\":1}",
    b"{\"firstName\":\"\\ud800\"}",
    b"{\"firstName\":\"\\ud800\\u0041\"}",
    b"{\"firstName\":\"\\x41\"}",
    b"\xef\xbb\xbf{\"firstName\":\"A\"}",
    b"{\"firstName\":\"\xff\"}",
    b"{\"firstName\":\"\xed\xa0\x80\"}",
    b"{\"firstName\":\"\xc0\xaf\"}",
    b"\xff\xfe{\0}\0",
    b"\0\0\0\0",
    b"<xml/>",
    b"\x1f\x8b\x08\0\0\0\0\0",
];

#[tokio::test]
async fn a_body_that_is_no_object_of_its_own_kind_is_refused() {
    let house = House::new().await;
    let deep = ["[", "{\"x\":"]
        .map(|open| format!("{{\"firstName\":\"A\",\"x\":{}", open.repeat(100_000)).into_bytes());
    let nested = format!("{{\"firstName\":\"A\",\"x\":{}{}}}", "[".repeat(33), "]".repeat(33)).into_bytes();
    let all = NO_OBJECTS.iter().copied().chain([&*nested]).chain(deep.iter().map(Vec::as_slice));
    let cases: Vec<Case<'_>> = all
        .flat_map(|body| {
            [MEMBER, TREE, RELATE, REGISTER, PERSON].map(|target| Case {
                target,
                headers: &[],
                body,
                status: 400,
                field: "body",
            })
        })
        .collect();
    house.check(&cases).await;
}

/// Method and path, body, the field at fault.
const FIELDS: &[(&str, &str, &str)] = &[
    // Texts.
    (MEMBER, "{}", "name"),
    (MEMBER, "", "name"),
    (MEMBER, r#"{"firstName":"","lastName":" ","name":null}"#, "name"),
    (MEMBER, r#"{"unknown":"A"}"#, "name"),
    (MEMBER, r#"{"firstName":1}"#, "firstName"),
    (MEMBER, r#"{"firstName":["A"]}"#, "firstName"),
    (MEMBER, r#"{"firstName":{"en":"A"}}"#, "firstName"),
    (MEMBER, r#"{"firstName":true}"#, "firstName"),
    (MEMBER, r#"{"firstName":"A\u0007"}"#, "firstName"),
    (MEMBER, r#"{"firstName":"<x*101>"}"#, "firstName"),
    (MEMBER, r#"{"firstName":"<ñ*101>"}"#, "firstName"),
    (MEMBER, r#"{"first_name":"<x*101>"}"#, "first_name"),
    (MEMBER, r#"{"firstName":"A","middleName":"<x*101>"}"#, "middleName"),
    (MEMBER, r#"{"firstName":"A","lastName":"<x*101>"}"#, "lastName"),
    (MEMBER, r#"{"firstName":"A","nickname":"<x*101>"}"#, "nickname"),
    (MEMBER, r#"{"name":"<x*256>"}"#, "name"),
    (MEMBER, r#"{"firstName":"A","placeOfBirth":"<x*256>"}"#, "placeOfBirth"),
    (MEMBER, r#"{"firstName":"A","occupation":"<x*256>"}"#, "occupation"),
    (MEMBER, r#"{"firstName":"A","biography":"<x*5001>"}"#, "biography"),
    (MEMBER, r#"{"firstName":"A","notes":"<x*5001>"}"#, "notes"),
    (MEMBER, r#"{"firstName":"A","notes":5}"#, "notes"),
    (MEMBER, r#"{"firstName":"A","totem":"<x*101>"}"#, "totem"),
    // Words, flags, addresses.
    (MEMBER, r#"{"firstName":"A","gender":"robot"}"#, "gender"),
    (MEMBER, r#"{"firstName":"A","gender":1}"#, "gender"),
    (MEMBER, r#"{"firstName":"A","isLiving":"yes"}"#, "isLiving"),
    (MEMBER, r#"{"firstName":"A","isLiving":1}"#, "isLiving"),
    (MEMBER, r#"{"firstName":"A","privacy":"secret"}"#, "privacy"),
    (MEMBER, r#"{"firstName":"A","privacySettings":"x"}"#, "privacySettings"),
    (MEMBER, r#"{"firstName":"A","privacySettings":{"showProfile":"never"}}"#, "privacySettings.showProfile"),
    (MEMBER, r#"{"firstName":"A","profileImageUrl":"javascript:alert(1)"}"#, "profileImageUrl"),
    (MEMBER, r#"{"firstName":"A","profileImageUrl":"data:text/html,x"}"#, "profileImageUrl"),
    (MEMBER, r#"{"firstName":"A","profileImageUrl":"https://a b"}"#, "profileImageUrl"),
    (MEMBER, r#"{"firstName":"A","profileImageUrl":"blob:imports/x.ged"}"#, "profileImageUrl"),
    (MEMBER, r#"{"firstName":"A","profileImageUrl":"https://a/<x*2000>"}"#, "profileImageUrl"),
    // Dates.
    (MEMBER, r#"{"firstName":"A","birthDate":"yesterday"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":1890}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"1890-13-01"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"1890-02-30"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"1890-3-1"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"0000-01-01"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"-1890-01-01"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"18900-01-01"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"12/03/1890"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"1890-03-12T25:00:00Z"}"#, "birthDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":{"date":5}}"#, "birthDate.date"),
    (MEMBER, r#"{"firstName":"A","deathDate":["1890"]}"#, "deathDate"),
    (MEMBER, r#"{"firstName":"A","birthDate":"1990-01-02","deathDate":"1990-01-01"}"#, "dateOfDeath"),
    // Lists.
    (MEMBER, r#"{"firstName":"A","parentIds":"x"}"#, "parentIds"),
    (MEMBER, r#"{"firstName":"A","parentIds":[1]}"#, "parentIds.0"),
    (MEMBER, r#"{"firstName":"A","parentIds":["nobody"]}"#, "parentIds"),
    (MEMBER, r#"{"firstName":"A","parentIds":["a/b"]}"#, "parentIds"),
    (MEMBER, r#"{"firstName":"A","parentIds":["<x*201>"]}"#, "parentIds.0"),
    (MEMBER, r#"{"firstName":"A","parentIds":[<"x",*200>"x"]}"#, "parentIds"),
    (MEMBER, r#"{"firstName":"A","identifiers":{}}"#, "identifiers"),
    (MEMBER, r#"{"firstName":"A","identifiers":[1]}"#, "identifiers.0"),
    (MEMBER, r#"{"firstName":"A","identifiers":[{}]}"#, "identifiers.0.value"),
    (MEMBER, r#"{"firstName":"A","traditionalTitles":[""]}"#, "traditionalTitles.0"),
    (MEMBER, r#"{"firstName":"A","facts":[<{},*100>{}]}"#, "facts"),
    (MEMBER, r#"{"firstName":"A","facts":[{"value":"<x*1001>"}]}"#, "facts.0.value"),
    (MEMBER, r#"{"firstName":"A","facts":[{"value":{"deeper":"<x*100000>"}}]}"#, "facts"),
    (MEMBER, r#"{"firstName":"A","facts":[{"<x*100000>":1}]}"#, "facts"),
    (MEMBER, r#"{"firstName":"A","phoneNumbers":"x"}"#, "phoneNumbers"),
    (MEMBER, r#"{"firstName":"A","legalParents":{"a":1}}"#, "legalParents"),
    (MEMBER, r#"{"firstName":"A","legalParents":[{}]}"#, "legalParents.0.parentId"),
    (MEMBER, r#"{"firstName":"A","spouses":["{mother}"]}"#, "spouses"),
    (MEMBER, r#"{"firstName":"A","familyTreeId":5}"#, "familyTreeId"),
    ("POST /api/persons", r#"{"firstName":"A"}"#, "familyTreeId"),
    ("POST /api/family-trees/{tree}/persons", r#"{"gender":"male"}"#, "name"),
    // Changes.
    (PERSON, "{}", "body"),
    (PERSON, r#"{"unknown":1}"#, "body"),
    (PERSON, r#"{"firstName":null,"lastName":"","name":"","nickname":""}"#, "name"),
    (PERSON, r#"{"biologicalMotherId":"nobody"}"#, "biologicalMotherId"),
    (PERSON, r#"{"biologicalMotherId":7}"#, "biologicalMotherId"),
    ("PUT /api/genealogy/members/{child}", r#"{"gender":"robot"}"#, "gender"),
    ("PUT /api/persons/{grandmother}", r#"{"biologicalMotherId":"{child}"}"#, "person1Id"),
    ("POST /api/persons/{child}/revert", "{}", "version"),
    ("POST /api/persons/{child}/revert", r#"{"version":"1"}"#, "version"),
    ("POST /api/persons/{child}/revert", r#"{"version":0}"#, "version"),
    ("POST /api/persons/{child}/revert", r#"{"version":1.5}"#, "version"),
    ("POST /api/persons/{child}/revert", r#"{"version":-9223372036854775808}"#, "version"),
    // Relationships.
    (RELATE, "{}", "person1Id"),
    (RELATE, r#"{"person1Id":"{mother}","type":"SPOUSE"}"#, "person2Id"),
    (RELATE, r#"{"person1Id":7,"person2Id":"{mother}","type":"SPOUSE"}"#, "person1Id"),
    (RELATE, r#"{"person1Id":["{child}"],"person2Id":"{mother}","type":"SPOUSE"}"#, "person1Id"),
    (RELATE, r#"{"person1Id":"<x*201>","person2Id":"{mother}","type":"SPOUSE"}"#, "person1Id"),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{mother}"}"#, "type"),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{mother}","type":"COUSIN"}"#, "type"),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{mother}","type":5}"#, "type"),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{child}","type":"SPOUSE"}"#, "person2Id"),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{mother}","type":"PARENT_CHILD"}"#, "person1Id"),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{grandmother}","type":"PARENT_CHILD"}"#, "person1Id"),
    (
        RELATE,
        r#"{"person1Id":"{child}","person2Id":"{grandmother}","type":"GuardianChild","parentalRole":"Guardian"}"#,
        "person1Id",
    ),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{other}","type":"Spousal"}"#, "status"),
    (
        RELATE,
        r#"{"person1Id":"{child}","person2Id":"{other}","type":"Spousal","status":"Entangled"}"#,
        "status",
    ),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{other}","type":"ParentChild"}"#, "parentalRole"),
    (
        RELATE,
        r#"{"person1Id":"{child}","person2Id":"{other}","type":"ParentChild","parentalRole":"Boss"}"#,
        "parentalRole",
    ),
    (
        RELATE,
        r#"{"person1Id":"{other}","person2Id":"{child}","type":"ParentChild","parentalRole":"BiologicalMother"}"#,
        "parentalRole",
    ),
    (
        RELATE,
        r#"{"person1Id":"{child}","person2Id":"{other}","type":"SPOUSE","startDate":"soon"}"#,
        "startDate",
    ),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{other}","type":"SPOUSE","notes":"<x*1001>"}"#, "notes"),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"{other}","type":"SPOUSE","place":[]}"#, "place"),
    ("DELETE /api/relationships", r#"{"person1Id":"{mother}"}"#, "person2Id"),
    ("PUT /api/relationships/{relationship}", r#"{"type":"SPOUSE"}"#, "type"),
    ("PUT /api/relationships/{relationship}", r#"{"person1Id":"{other}"}"#, "person1Id"),
    ("PUT /api/relationships/{relationship}", r#"{"endDate":"soon"}"#, "endDate"),
    ("PUT /api/relationships/{relationship}", r#"{"events":[1]}"#, "events.0"),
    // Trees.
    (TREE, "{}", "name"),
    (TREE, r#"{"name":""}"#, "name"),
    (TREE, r#"{"name":7}"#, "name"),
    (TREE, r#"{"name":"<x*101>"}"#, "name"),
    (TREE, r#"{"name":"A","description":"<x*501>"}"#, "description"),
    (TREE, r#"{"name":"A","privacy":"secret"}"#, "privacy"),
    (TREE, r#"{"name":"A","privacy":{}}"#, "privacy"),
    (TREE, r#"{"name":"A","settings":"x"}"#, "settings"),
    (TREE, r#"{"name":"A","settings":{"showLivingPersons":"yes"}}"#, "settings.showLivingPersons"),
    (TREE, r#"{"name":"A","settings":{"theme":"<x*1000>"}}"#, "settings.theme"),
    ("PUT /api/family-trees/{tree}", r#"{"name":" "}"#, "name"),
    ("PUT /api/family-trees/{tree}", r#"{"rootPersonId":"nobody"}"#, "rootPersonId"),
    ("PUT /api/family-trees/{tree}", r#"{"rootPersonId":7}"#, "rootPersonId"),
    // Accounts.
    (REGISTER, r#"{"name":"A","password":"Mutupo-1890"}"#, "email"),
    (REGISTER, r#"{"name":"A","email":"a","password":"Mutupo-1890"}"#, "email"),
    (REGISTER, r#"{"name":"A","email":5,"password":"Mutupo-1890"}"#, "email"),
    (REGISTER, r#"{"name":"A","email":["a@b.zw"],"password":"Mutupo-1890"}"#, "email"),
    (REGISTER, r#"{"name":"A","email":"<x*250>@b.zw","password":"Mutupo-1890"}"#, "email"),
    (REGISTER, r#"{"name":"A","email":"a@b.zw"}"#, "password"),
    (REGISTER, r#"{"name":"A","email":"a@b.zw","password":12345678}"#, "password"),
    (REGISTER, r#"{"name":"A","email":"a@b.zw","password":"mutupo"}"#, "password"),
    (REGISTER, r#"{"name":"A","email":"a@b.zw","password":"Mutupo-1<8*70>"}"#, "password"),
    (REGISTER, r#"{"email":"a@b.zw","password":"Mutupo-1890"}"#, "name"),
    (REGISTER, r#"{"name":"<x*51>","email":"a@b.zw","password":"Mutupo-1890"}"#, "name"),
    (REGISTER, r#"{"firstName":"A","email":"a@b.zw","password":"Mutupo-1890"}"#, "lastName"),
    (
        REGISTER,
        r#"{"name":"A","email":"a@b.zw","password":"Mutupo-1890","preferredLanguage":"tlh"}"#,
        "preferredLanguage",
    ),
    (REGISTER, r#"{"name":"A","email":"a@b.zw","password":"Mutupo-1890","username":"a b"}"#, "username"),
    (REGISTER, r#"{"name":"A","email":"a@b.zw","password":"Mutupo-1890","timezone":"<x*51>"}"#, "timezone"),
    ("POST /api/auth/login", r#"{"email":"rudo@example.org","password":["x"]}"#, "password"),
    ("POST /api/auth/login", r#"{"email":{},"password":"x"}"#, "email"),
    ("PATCH /api/auth/profile", r#"{"email":"new@example.org"}"#, "currentPassword"),
    ("PATCH /api/auth/profile", r#"{"dateOfBirth":"soon"}"#, "dateOfBirth"),
    ("PATCH /api/auth/profile", r#"{"preferences":"x"}"#, "preferences"),
    ("PUT /api/users/me", r#"{"preferences":{"theme":"plaid"}}"#, "preferences.theme"),
];

#[tokio::test]
async fn a_field_that_breaks_a_rule_is_named() {
    let house = House::new().await;
    let bodies: Vec<String> = FIELDS.iter().map(|(_, body, _)| house.fill(body)).collect();
    let cases = FIELDS.iter().zip(&bodies);
    let cases = cases.map(|((target, _, field), body)| Case {
        target,
        headers: &[],
        body: body.as_bytes(),
        status: 400,
        field,
    });
    house.check(&cases.collect::<Vec<_>>()).await;
}

/// Bodies that are well formed, and name nothing that is there.
const NOTHING: &[(&str, &str)] = &[
    (MEMBER, r#"{"firstName":"A","familyTreeId":"nowhere"}"#),
    (MEMBER, r#"{"firstName":"A","familyTreeId":"../{tree}"}"#),
    (MEMBER, r#"{"firstName":"A","familyTreeId":"<x*201>"}"#),
    (MEMBER, r#"{"firstName":"A","tree_id":"{tree}/"}"#),
    ("POST /api/persons", r#"{"firstName":"A","familyTreeId":"{TREE}' OR '1'='1"}"#),
    (RELATE, r#"{"person1Id":"{child}","person2Id":"nobody","type":"SPOUSE"}"#),
    (RELATE, r#"{"person1Id":"\u00e9\ud83d\ude00","person2Id":"{child}","type":"SPOUSE"}"#),
    (RELATE, r#"{"person1Id":"{child}/../{other}","person2Id":"{mother}","type":"SPOUSE"}"#),
    ("DELETE /api/relationships", r#"{"person1Id":"{child}","person2Id":"{other}","type":"SPOUSE"}"#),
    ("POST /api/persons/{child}/revert", r#"{"version":99}"#),
    ("POST /api/persons/{child}/revert", r#"{"version":9223372036854775807}"#),
];

#[tokio::test]
async fn a_body_that_names_nothing_that_is_there_finds_nothing() {
    let house = House::new().await;
    let bodies: Vec<String> = NOTHING.iter().map(|(_, body)| house.fill(body)).collect();
    let cases = NOTHING.iter().zip(&bodies);
    let cases = cases.map(|((target, _), body)| Case {
        target,
        headers: &[],
        body: body.as_bytes(),
        status: 404,
        field: "",
    });
    house.check(&cases.collect::<Vec<_>>()).await;
}
