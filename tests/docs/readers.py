"""What becomes of blocks that are no programs: each is read by whoever reads such a thing in earnest."""

import json
import os
import shlex
import tomllib
import xml.etree.ElementTree
from pathlib import Path

import yaml

from pages import Block, Mistake
from stage import Stage


def read_json(block: Block, stage: Stage) -> None:
    """One document, or one a line; a policy must be of the language."""
    try:
        documents = [json.loads(block.text)]
    except ValueError:
        try:
            documents = [json.loads(line) for line in block.text.split("\n") if line.strip()]
        except ValueError as error:
            raise Mistake(f"this is not JSON: {error}") from None
    for document in documents:
        if isinstance(document, dict) and "statement" in document:
            lint(document, block.attributes, stage)


def lint(document: dict, wanted: dict[str, str], stage: Stage) -> None:
    arguments = ["--kind", wanted.get("as", "user"), "--json", *wanted.get("lint", "").split(), "-"]
    done = stage.program("policy", "lint", *arguments, input=json.dumps(document))
    if done.returncode not in (0, 1):
        raise Mistake(f"lint does not read this policy: {done.stderr}")
    findings = [json.loads(line) for line in done.stdout.split("\n") if line.strip()]
    found = {finding["rule"] for finding in findings}
    if "finds" in wanted:
        if wanted["finds"] not in found:
            raise Mistake(f"lint does not find {wanted['finds']} here, but {sorted(found)}")
        return
    if wanted.get("without") in found:
        raise Mistake(f"lint finds {wanted['without']} here")
    refused = [finding["what"] for finding in findings if finding["rule"] in ("L12", "L21", "L29", "L30")]
    if refused:
        raise Mistake(f"this policy is not sound: {refused[0]}")


def read_toml(block: Block, stage: Stage) -> None:
    try:
        document = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        raise Mistake(f"this is not TOML: {error}") from None
    kind = block.attributes.get("as") or kind_of(document)
    if kind == "broker" and "store" in document:
        checked(stage, "broker", block, "--check")
    elif kind == "broker":
        known = json.loads(stage.program("broker", "schema").stdout)["properties"]
        unknown = document.keys() - known.keys()
        if unknown:
            raise Mistake(f"the broker does not know {sorted(unknown)}")
    elif kind == "settings":
        checked(stage, "settings", block)
    elif kind == "profiles":
        profiles(block, document, stage)
    elif kind != "cargo":
        raise Mistake(f"nobody reads TOML as `{kind}`")


def kind_of(document: dict) -> str:
    if "dependencies" in document:
        return "cargo"
    if "store" in document and "templates" in document:
        return "broker"
    return "profiles" if "default" in document else "settings"


def checked(stage: Stage, kind: str, block: Block, *_: str) -> None:
    file = stage.folder.parent / "read.toml"
    file.write_text(block.text, encoding="utf-8")
    command = ["broker", "--check", "--config"] if kind == "broker" else ["config", "check"]
    # The keys of a broker are there when it is looked at.
    env = {"DAYPASS_SECRET_ID": "AKIDdocsrun0123456789", "DAYPASS_SECRET_KEY": "docsrundocsrundocsrundocsrun0123"}
    done = stage.program(*command, str(file), env=env)
    if done.returncode != 0:
        raise Mistake(f"these settings are refused: {done.stderr}{done.stdout}")


def profiles(block: Block, document: dict, stage: Stage) -> None:
    """A file of profiles is read before a server is looked for; that none is there is not its fault."""
    folder = stage.folder.parent / "profiles" / "daypass"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ca.pem").touch()
    file = folder / "profiles.toml"
    file.write_text(block.text, encoding="utf-8")
    file.chmod(0o600)
    for name in document:
        done = stage.program("ls", "--profile", name, "--endpoint", "http://127.0.0.1:1",
                             env={"XDG_CONFIG_HOME": str(folder.parent)})
        if done.returncode != 5:
            raise Mistake(f"the profile `{name}` is refused: {done.stderr}")


def read_yaml(block: Block, stage: Stage) -> None:
    try:
        document = yaml.safe_load(block.text)
    except yaml.YAMLError as error:
        raise Mistake(f"this is not YAML: {error}") from None
    if block.attributes.get("as") == "workflow":
        follow(document, block.attributes.get("skip"), stage)


def follow(workflow: dict, skipped: str | None, stage: Stage) -> None:
    """Runs the steps of a workflow of GitHub that are commands and are taken when all is well."""
    for job in workflow["jobs"].values():
        settings = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in job.get("env", {}).items())
        for step in job["steps"]:
            if "run" in step and "if" not in step and step.get("name") != skipped:
                stage.run(settings + step["run"], None, 0)


def read_xml(block: Block, _: Stage) -> None:
    try:
        xml.etree.ElementTree.fromstring(block.text)
    except xml.etree.ElementTree.ParseError as error:
        raise Mistake(f"this is not XML: {error}") from None


READERS = {"json": read_json, "toml": read_toml, "yaml": read_yaml, "xml": read_xml}
