// Joins one call of the loopback by @discordjs/voice and writes what it receives to its output,
// a JSON object a line: {state}, {opus: base64} for each frame of the target, {error}.
// It needs no main gateway: what that would say comes in the argument.
"use strict";
const { EndBehaviorType, VoiceConnectionStatus, joinVoiceChannel } = require("@discordjs/voice");

const { guild, channel, user, session, token, endpoint, target } = JSON.parse(process.argv[2]);
const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");

function adapterCreator(methods) {
  function sendPayload() {
    setImmediate(() => {
      methods.onVoiceStateUpdate({
        guild_id: guild, channel_id: channel, user_id: user, session_id: session,
      });
      methods.onVoiceServerUpdate({ guild_id: guild, token, endpoint });
    });
    return true;
  }
  return { sendPayload, destroy() {} };
}

const connection = joinVoiceChannel({
  guildId: guild, channelId: channel, selfDeaf: false, selfMute: true, adapterCreator,
});
connection.on("error", (error) => tell({ error: String(error) }));
connection.once(VoiceConnectionStatus.Ready, () => {
  const end = { behavior: EndBehaviorType.Manual };
  const frames = connection.receiver.subscribe(target, { end });
  frames.on("data", (frame) => tell({ opus: Buffer.from(frame).toString("base64") }));
  frames.on("error", (error) => tell({ error: String(error) }));
});
connection.on("stateChange", (_, { status }) => tell({ state: status }));
connection.on("transitioned", () => tell({ privacy: connection.voicePrivacyCode ?? null }));
process.on("SIGTERM", () => process.exit(0));
