// The SAM template as a CDK stack: the template stays the only place where anything is said, this only brings its files along.

import { Stack, StackProps, aws_s3_assets as assets, aws_sam as sam, cloudformation_include as include } from "aws-cdk-lib";
import { Construct } from "constructs";
import * as path from "node:path";

export interface BackproofProps extends StackProps {
  /** The folder or zip with `bootstrap` in it. */
  readonly bootstrap: string;
  /** The folder of `template.yaml` and `state_machine.asl.json`. */
  readonly templates: string;
  /** Values of the template's parameters; what is not named here can be given when deploying. */
  readonly parameters?: { [name: string]: unknown };
}

export class Backproof extends Stack {
  readonly template: include.CfnInclude;

  constructor(scope: Construct, id: string, props: BackproofProps) {
    super(scope, id, props);
    this.template = new include.CfnInclude(this, "Template", {
      templateFile: path.join(props.templates, "template.yaml"),
      parameters: props.parameters,
    });
    const code = new assets.Asset(this, "Bootstrap", { path: props.bootstrap });
    const definition = new assets.Asset(this, "Definition", { path: path.join(props.templates, "state_machine.asl.json") });
    for (const name of ["Plan", "Sweep", "Publish", "React"]) {
      const target = this.template.getResource(name) as sam.CfnFunction;
      target.codeUri = { bucket: code.s3BucketName, key: code.s3ObjectKey };
    }
    const run = this.template.getResource("Run") as sam.CfnStateMachine;
    run.definitionUri = { bucket: definition.s3BucketName, key: definition.s3ObjectKey };
  }
}
