//! Both ways of deploying the Worker agree: `edge-router/wrangler.toml` and `terraform/modules/edge` have the same
//! bindings, Durable Object classes, migrations, entry, and compatibility date and flags.

#![expect(clippy::unwrap_used, reason = "a test that cannot continue panics")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crossover_stand::postgres::workspace_root;
use hcl_edit::{
    expr::{Array, Expression, Object, ObjectKey},
    structure::{Body, Structure},
    visit::{self, Visit},
};
use toml::{Table, Value};

/// The two descriptions of one Worker.
#[derive(Clone)]
struct Descriptions {
    wrangler: String,
    main: String,
    variables: String,
}

impl Descriptions {
    fn read() -> Self {
        let text = |path: &str| fs::read_to_string(workspace_root().join(path)).unwrap();
        Self {
            wrangler: text("edge-router/wrangler.toml"),
            main: text("terraform/modules/edge/main.tf"),
            variables: text("terraform/modules/edge/variables.tf"),
        }
    }

    /// Everything that differs.
    fn differences(&self) -> Vec<String> {
        let wrangler: Table = toml::from_str(&self.wrangler).unwrap();
        let module = Module::read(&self.main, &self.variables);
        let mut found = Vec::new();
        let mut same = |what: &str, wrangler: String, module: String| {
            if wrangler != module {
                found.push(format!("{what}: wrangler.toml {wrangler}, modules/edge {module}"));
            }
        };

        let of_wrangler = list(&wrangler["durable_objects"]["bindings"]);
        let objects = of_wrangler.map(|binding| (text(&binding["name"]), text(&binding["class_name"])));
        let objects: BTreeMap<String, String> = objects.collect();
        same(
            "Durable Objects",
            format!("{objects:?}"),
            format!("{:?}", module.objects),
        );

        // What is optional stands in wrangler.toml as a comment.
        let set = wrangler["vars"].as_table().unwrap().keys().cloned();
        let optional = self.wrangler.lines().filter_map(|line| {
            let (name, _) = line.strip_prefix("# ")?.split_once(" = ")?;
            name.chars()
                .all(|c| c.is_ascii_uppercase() || c == '_')
                .then(|| name.to_owned())
        });
        let variables: BTreeSet<String> = set.chain(optional).collect();
        same(
            "variables",
            format!("{variables:?}"),
            format!("{:?}", module.variables),
        );

        // A secret is stored by a command that the comments name; a dataset is optional.
        let comments = |begin: &str| -> BTreeSet<String> {
            let lines = self.wrangler.lines().filter(|line| line.starts_with('#'));
            let after = lines.filter_map(|line| line.split_once(begin));
            let name = |text: &str| text.split([' ', '"']).next().unwrap_or_default().to_owned();
            after.map(|(_, rest)| name(rest)).collect()
        };
        for (what, in_wrangler, in_module) in [
            ("secrets", comments("wrangler secret put "), &module.secrets),
            ("datasets", comments("binding = \""), &module.datasets),
        ] {
            same(what, format!("{in_wrangler:?}"), format!("{in_module:?}"));
        }

        let migrations: Vec<(String, Vec<String>)> = list(&wrangler["migrations"])
            .map(|step| {
                (
                    text(&step["tag"]),
                    list(&step["new_sqlite_classes"]).map(text).collect(),
                )
            })
            .collect();
        let tags: Vec<String> = migrations.iter().map(|(tag, _)| tag.clone()).collect();
        same(
            "tags that deployed_migration may be",
            format!("{tags:?}"),
            format!("{:?}", module.tags),
        );
        // From each state that a Worker may be in, everything that comes after it, at once.
        let mut steps = BTreeMap::new();
        for done in 0..tags.len() {
            let old = done.checked_sub(1).map(|last| tags[last].clone());
            let classes: BTreeSet<String> = migrations[done..]
                .iter()
                .flat_map(|(_, classes)| classes.clone())
                .collect();
            steps.insert(old, (tags.last().cloned(), classes));
        }
        same("migrations", format!("{steps:?}"), format!("{:?}", module.steps));
        let created: BTreeSet<&String> = migrations.iter().flat_map(|(_, classes)| classes).collect();
        same(
            "classes bound and created",
            format!("{created:?}"),
            format!("{:?}", objects.values().collect::<BTreeSet<_>>()),
        );

        let entry = wrangler["main"].as_str().unwrap();
        let entry = entry.rsplit('/').next().map(str::to_owned);
        same("entry", format!("{entry:?}"), format!("{:?}", module.entry));

        // The module takes date and flags from the text of wrangler.toml, by these expressions.
        let date = between(&self.wrangler, "compatibility_date = \"", "\"");
        same(
            "compatibility date",
            wrangler["compatibility_date"].to_string(),
            format!("\"{date}\""),
        );
        let flags = between(&self.wrangler, "compatibility_flags = ", "]") + "]";
        let flags: Option<Vec<String>> = serde_json::from_str(&flags).ok();
        let of_wrangler: Vec<String> = list(&wrangler["compatibility_flags"]).map(text).collect();
        same(
            "compatibility flags",
            format!("{:?}", Some(of_wrangler)),
            format!("{flags:?}"),
        );
        for (name, value) in [
            ("compatibility_date", &module.date),
            ("compatibility_flags", &module.flags),
        ] {
            same(name, format!("local.{name}"), value.clone());
        }
        found
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn between(text: &str, begin: &str, end: &str) -> String {
    let rest = text.split_once(begin).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or("", |(inner, _)| inner).to_owned()
}

/// What the module says of the Worker.
#[derive(Default)]
struct Module {
    objects: BTreeMap<String, String>,
    variables: BTreeSet<String>,
    secrets: BTreeSet<String>,
    datasets: BTreeSet<String>,
    /// What is migrated, by the tag that a Worker has.
    steps: BTreeMap<Option<String>, (Option<String>, BTreeSet<String>)>,
    tags: Vec<String>,
    entry: Option<String>,
    date: String,
    flags: String,
}

impl Module {
    fn read(main: &str, variables: &str) -> Self {
        let mut module = Self::default();
        let main: Body = main.parse().unwrap();
        module.visit_body(&main);
        let version = main
            .get_blocks("resource")
            .find(|block| {
                block
                    .labels
                    .first()
                    .is_some_and(|label| label.as_str() == "cloudflare_worker_version")
            })
            .unwrap();
        let value = |name: &str| version.body.get_attribute(name).map(|attribute| &attribute.value);
        module.entry = value("main_module")
            .and_then(Expression::as_str)
            .map(str::to_owned);
        let shown =
            |name: &str| value(name).map_or_else(String::new, |value| value.to_string().trim().to_owned());
        module.date = shown("compatibility_date");
        module.flags = shown("compatibility_flags");
        let variables: Body = variables.parse().unwrap();
        let mut tags = Tags::default();
        for structure in &variables {
            if let Structure::Block(block) = structure
                && block
                    .labels
                    .first()
                    .is_some_and(|label| label.as_str() == "deployed_migration")
            {
                tags.visit_body(&block.body);
            }
        }
        module.tags = tags.0;
        module
    }
}

fn member<'a>(object: &'a Object, name: &str) -> Option<&'a Expression> {
    let members = object.iter();
    let mut own = members.filter(|(key, _)| match key {
        ObjectKey::Ident(ident) => ident.as_str() == name,
        ObjectKey::Expression(expression) => expression.as_str() == Some(name),
    });
    own.next().map(|(_, value)| value.expr())
}

fn texts(array: &Array) -> impl Iterator<Item = String> {
    array.iter().filter_map(|item| item.as_str().map(str::to_owned))
}

impl Visit for Module {
    fn visit_object(&mut self, object: &Object) {
        let word = |name: &str| {
            member(object, name)
                .and_then(Expression::as_str)
                .map(str::to_owned)
        };
        match (word("name"), word("type").as_deref()) {
            (Some(name), Some("durable_object_namespace")) => {
                self.objects.insert(name, word("class_name").unwrap_or_default());
            }
            (Some(name), Some("plain_text")) => {
                self.variables.insert(name);
            }
            (Some(name), Some("inherit")) => {
                self.secrets.insert(name);
            }
            (Some(name), Some("analytics_engine")) => {
                self.datasets.insert(name);
            }
            _ => {}
        }
        if let Some(Expression::Array(classes)) = member(object, "new_sqlite_classes") {
            let step = (word("new_tag"), texts(classes).collect());
            self.steps.insert(word("old_tag"), step);
        }
        visit::visit_object(self, object);
    }
}

/// The texts of the lists in a block.
#[derive(Default)]
struct Tags(Vec<String>);

impl Visit for Tags {
    fn visit_array(&mut self, array: &Array) {
        self.0.extend(texts(array));
    }
}

#[test]
fn both_ways_of_deploying_agree() {
    let differences = Descriptions::read().differences();
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

#[test]
fn a_difference_in_either_description_is_found() {
    let whole = Descriptions::read();
    let planted: [(&str, &str, &str, &str); 14] = [
        (
            "wrangler",
            "name = \"DIRECTORY\"",
            "name = \"DIRECTORIES\"",
            "Durable Objects",
        ),
        (
            "main",
            "class_name = \"DirectoryObject\"",
            "class_name = \"LaneObject\"",
            "Durable Objects",
        ),
        ("wrangler", "HELD_MAX = \"2000\"", "", "variables"),
        ("wrangler", "# ORIGINS = ", "# origins: ", "variables"),
        ("main", "name = \"ORIGINS\"", "name = \"ORIGIN\"", "variables"),
        (
            "wrangler",
            "secret put METRICS_TOKEN",
            "secret put TOKEN",
            "secrets",
        ),
        ("main", "name = \"METRICS\"", "name = \"POINTS\"", "datasets"),
        ("wrangler", "tag = \"v2\"", "tag = \"v3\"", "tags"),
        ("variables", "[\"v1\", \"v2\"]", "[\"v1\"]", "tags"),
        (
            "main",
            "[\"LaneObject\", \"DirectoryObject\"]",
            "[\"LaneObject\"]",
            "migrations",
        ),
        ("main", "old_tag = \"v1\"", "old_tag = null", "migrations"),
        (
            "main",
            "main_module         = \"shim.js\"",
            "main_module = \"index.js\"",
            "entry",
        ),
        (
            "wrangler",
            "compatibility_flags = [\"",
            "compatibility_flags = ['a', \"",
            "compatibility flags",
        ),
        (
            "main",
            "= local.compatibility_flags",
            "= []",
            "compatibility_flags",
        ),
    ];
    for (which, from, to, found) in planted {
        let mut broken = whole.clone();
        let text = match which {
            "wrangler" => &mut broken.wrangler,
            "main" => &mut broken.main,
            _ => &mut broken.variables,
        };
        assert!(text.contains(from), "{from} is not in {which}");
        *text = text.replacen(from, to, 1);
        let differences = broken.differences();
        assert!(
            differences.iter().any(|difference| difference.starts_with(found)),
            "{which}: {from} -> {to}: {differences:?}"
        );
    }
}
