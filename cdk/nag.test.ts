// Synthesizes the stack, and asks cdk-nag's AwsSolutions about it and about what AWS makes of the SAM template (TRANSLATED).

import { App, Aspects, Stack, cloudformation_include as include } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { AwsSolutionsChecks, NagPackSuppression, NagSuppressions } from "cdk-nag";
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { Backproof } from "./stack";

const templates = process.env.TEMPLATES ?? path.join(__dirname, "..", "..");

const exceptions: NagPackSuppression[] = [
  {
    id: "AwsSolutions-S1",
    reason: "Server access logs go to AccessLogBucket where one is given; who has none uses CloudTrail's data events.",
  },
  { id: "AwsSolutions-SQS3", reason: "The failure queue is the dead-letter queue; nothing consumes it but people." },
  {
    id: "AwsSolutions-IAM4",
    reason: "SAM gives the roles of functions AWS's policy for writing logs.",
    appliesTo: ["Policy::arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
  },
  {
    id: "AwsSolutions-IAM5",
    reason: "Lists and descriptions, which cannot be limited to things that are not known before they are listed; deliveries of logs.",
    appliesTo: ["Resource::*"],
  },
  {
    id: "AwsSolutions-IAM5",
    reason: "Keys under one prefix of one bucket: runs and what is in them have names that are not known before.",
    appliesTo: [
      "Resource::<EvidenceBucket.Arn>/*",
      "Resource::<EvidenceBucket.Arn>/Backup/*",
      "Resource::<EvidenceBucket.Arn>/runs/*",
      "Resource::<EvidenceBucket.Arn>/runs/*/failures/*",
      "Resource::<EvidenceBucket.Arn>/runs/*/units.json",
      "Resource::<ConfigBucket.Arn>/<ConfigPrefix>*",
    ],
  },
  {
    id: "AwsSolutions-IAM5",
    reason: "A Distributed Map follows and stops the executions that it starts of its own state machine.",
    appliesTo: [
      "Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<AWS::StackName>:*",
      "Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<AWS::StackName>/*",
    ],
  },
  { id: "CdkNagValidationFailure", reason: "Whether X-Ray traces is the parameter Tracing.", appliesTo: ["AwsSolutions-SF2"] },
];

function bootstrap(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "bootstrap-"));
  writeFileSync(path.join(folder, "bootstrap"), "");
  return folder;
}

function complaints(stack: Stack): string[] {
  NagSuppressions.addStackSuppressions(stack, exceptions);
  Aspects.of(stack).add(new AwsSolutionsChecks());
  const found = Annotations.fromStack(stack);
  const any = Match.stringLikeRegexp("AwsSolutions|CdkNag");
  return [...found.findError("*", any), ...found.findWarning("*", any)].map((it) => `${it.id} ${String(it.entry.data).split("\n")[0]}`);
}

test("the stack is the template with its files in S3", () => {
  const stack = new Backproof(new App(), "backproof", { bootstrap: bootstrap(), templates });
  const made = Template.fromStack(stack).toJSON();
  for (const name of ["Plan", "Sweep", "Publish", "React"]) {
    const { CodeUri, Handler } = made.Resources[name].Properties;
    assert.equal(Handler, name.toLowerCase());
    assert.match(CodeUri.Key, /\.zip$/);
  }
  assert.match(made.Resources.Run.Properties.DefinitionUri.Key, /\.json$/);
});

test("cdk-nag has nothing against the stack", () => {
  assert.deepEqual(complaints(new Backproof(new App(), "backproof", { bootstrap: bootstrap(), templates })), []);
});

test("cdk-nag has nothing against what AWS makes of it", (it) => {
  const templateFile = process.env.TRANSLATED;
  if (!templateFile) {
    it.skip("TRANSLATED names no file");
    return;
  }
  const stack = new Stack(new App(), "backproof");
  new include.CfnInclude(stack, "Template", { templateFile });
  assert.deepEqual(complaints(stack), []);
});

for (const name of ["template-member.yaml", "template-events.yaml"]) {
  test(`cdk-nag has nothing against ${name}`, () => {
    const stack = new Stack(new App(), "backproof");
    new include.CfnInclude(stack, "Template", { templateFile: path.join(templates, name) });
    assert.deepEqual(complaints(stack), []);
  });
}
