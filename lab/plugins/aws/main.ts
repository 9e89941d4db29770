/** The process of the stand-in for the plugin @pulumi/aws: prints the port that it serves on. */
import { servePlugin } from "../plugin-server.ts";
import { awsPlugin } from "./plugin.ts";

servePlugin(awsPlugin(process.env["HARBOR_CACHE_LAB_AWS"]));
