// cdk deploy -c bootstrap=FOLDER_OR_ZIP --parameters Accounts=all …

import { App } from "aws-cdk-lib";
import * as path from "node:path";
import { Backproof } from "./stack";

const app = new App();
const root = path.join(__dirname, "..", "..");
new Backproof(app, "backproof", {
  bootstrap: app.node.tryGetContext("bootstrap") ?? path.join(root, "target", "lambda", "lambda"),
  templates: app.node.tryGetContext("templates") ?? root,
});
