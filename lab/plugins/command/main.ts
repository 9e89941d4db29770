/** The process of the stand-in for the plugin @pulumi/command: prints the port that it serves on. */
import { servePlugin } from "../plugin-server.ts";
import { commandPlugin } from "./server.ts";

servePlugin(commandPlugin());
